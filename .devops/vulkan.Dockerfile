# llama-ts with Vulkan: GPUs of every maker, by the drivers of Mesa; those of NVIDIA come in from the machine.
#   docker build -f .devops/vulkan.Dockerfile -t llama-ts-vulkan .
#   docker run --rm --device /dev/dri llama-ts-vulkan run -p "Once upon a time"     AMD, Intel
#   docker run --rm --gpus all llama-ts-vulkan run -p "Once upon a time"            NVIDIA
ARG DEBIAN=trixie-slim

FROM debian:${DEBIAN} AS build
WORKDIR /llama-ts
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates cmake g++ make nodejs npm glslc libvulkan-dev
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build -- --vulkan --no-cuda --no-hip --no-mpi
RUN npm prune --omit=dev

FROM debian:${DEBIAN}
WORKDIR /llama-ts
RUN apt-get update && apt-get install -y --no-install-recommends nodejs libvulkan1 mesa-vulkan-drivers && rm -rf /var/lib/apt/lists/*
COPY --from=build /llama-ts/package.json /llama-ts/LICENSE ./
COPY --from=build /llama-ts/dist dist
COPY --from=build /llama-ts/models models
COPY --from=build /llama-ts/node_modules node_modules
COPY --from=build /llama-ts/build/Release build/Release
# The programs that package.json names.
RUN node -e 'for (const [name, path] of Object.entries(require("./package.json").bin)) { fs.chmodSync(path, 0o755); fs.symlinkSync(process.cwd() + "/" + path, "/usr/local/bin/" + name); }'
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics
ENTRYPOINT ["llama-ts"]
