# llama-ts with ROCm: AMD GPUs.
#   docker build -f .devops/rocm.Dockerfile -t llama-ts-rocm .
#   docker run --rm --device /dev/kfd --device /dev/dri llama-ts-rocm run -p "Once upon a time"
# Compiles for the GPUs of GPU_TARGETS (docs/build.md).
ARG DEBIAN=trixie-slim

FROM debian:${DEBIAN} AS build
WORKDIR /llama-ts
ARG GPU_TARGETS
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates cmake g++ make nodejs npm hipcc
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build -- --hip --no-vulkan --no-cuda --no-mpi -D GPU_TARGETS="${GPU_TARGETS:-gfx906;gfx908;gfx90a;gfx1030;gfx1100}"
RUN npm prune --omit=dev

FROM debian:${DEBIAN}
WORKDIR /llama-ts
RUN apt-get update && apt-get install -y --no-install-recommends nodejs libamdhip64-5 && rm -rf /var/lib/apt/lists/*
COPY --from=build /llama-ts/package.json /llama-ts/LICENSE ./
COPY --from=build /llama-ts/dist dist
COPY --from=build /llama-ts/models models
COPY --from=build /llama-ts/node_modules node_modules
COPY --from=build /llama-ts/build/Release build/Release
# The programs that package.json names.
RUN node -e 'for (const [name, path] of Object.entries(require("./package.json").bin)) { fs.chmodSync(path, 0o755); fs.symlinkSync(process.cwd() + "/" + path, "/usr/local/bin/" + name); }'
ENTRYPOINT ["llama-ts"]
