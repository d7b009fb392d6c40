# llama-ts with MPI: one model on several machines or processes, on their CPUs.
#   docker build -f .devops/mpi.Dockerfile -t llama-ts-mpi .
#   docker run --rm --entrypoint mpirun llama-ts-mpi --allow-run-as-root -n 2 llama-ts run -p "Once upon a time"
ARG DEBIAN=trixie-slim

FROM debian:${DEBIAN} AS build
WORKDIR /llama-ts
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates cmake g++ make nodejs npm
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build -- --mpi --no-vulkan --no-cuda --no-hip
RUN npm prune --omit=dev

FROM debian:${DEBIAN}
WORKDIR /llama-ts
RUN apt-get update && apt-get install -y --no-install-recommends nodejs openmpi-bin && rm -rf /var/lib/apt/lists/*
COPY --from=build /llama-ts/package.json /llama-ts/LICENSE ./
COPY --from=build /llama-ts/dist dist
COPY --from=build /llama-ts/models models
COPY --from=build /llama-ts/node_modules node_modules
COPY --from=build /llama-ts/build/Release build/Release
# The programs that package.json names.
RUN node -e 'for (const [name, path] of Object.entries(require("./package.json").bin)) { fs.chmodSync(path, 0o755); fs.symlinkSync(process.cwd() + "/" + path, "/usr/local/bin/" + name); }'
ENTRYPOINT ["llama-ts"]
