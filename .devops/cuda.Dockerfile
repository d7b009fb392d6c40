# llama-ts with CUDA. The driver comes in from the machine, through NVIDIA's container toolkit.
#   docker build -f .devops/cuda.Dockerfile -t llama-ts-cuda .
#   docker run --rm --gpus all llama-ts-cuda run -p "Once upon a time"
# Compiles for the GPUs of CUDA_ARCHITECTURES (docs/build.md); newer ones translate the last of them when it first runs.
ARG DEBIAN=trixie-slim

FROM debian:${DEBIAN} AS build
WORKDIR /llama-ts
ARG CUDA_ARCHITECTURES
# CUDA is in the part of Debian that is not free.
RUN sed -i -E "/^(deb|Components:) /s/ main\b.*/ main contrib non-free/" $(find /etc/apt -name "*.sources" -o -name sources.list)
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates cmake g++ make nodejs npm nvidia-cuda-toolkit
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build -- --cuda --no-vulkan --no-hip --no-mpi -D CMAKE_CUDA_ARCHITECTURES="${CUDA_ARCHITECTURES:-75;80;86;89;90}"
RUN npm prune --omit=dev

FROM debian:${DEBIAN}
WORKDIR /llama-ts
RUN apt-get update && apt-get install -y --no-install-recommends nodejs && rm -rf /var/lib/apt/lists/*
COPY --from=build /llama-ts/package.json /llama-ts/LICENSE ./
COPY --from=build /llama-ts/dist dist
COPY --from=build /llama-ts/models models
COPY --from=build /llama-ts/node_modules node_modules
COPY --from=build /llama-ts/build/Release build/Release
# The programs that package.json names.
RUN node -e 'for (const [name, path] of Object.entries(require("./package.json").bin)) { fs.chmodSync(path, 0o755); fs.symlinkSync(process.cwd() + "/" + path, "/usr/local/bin/" + name); }'
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENTRYPOINT ["llama-ts"]
