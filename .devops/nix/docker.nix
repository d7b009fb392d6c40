# An image for Docker and its kin: nix build .#legacyPackages.x86_64-linux.llamaPackages.docker && docker load < result
{
  lib,
  dockerTools,
  bashInteractive,
  coreutils,
  llama-ts,
  # A shell in the image, to look around in.
  interactive ? true,
}:

dockerTools.buildLayeredImage {
  name = llama-ts.pname;
  tag = "latest";

  contents = [
    llama-ts
  ]
  ++ lib.optionals interactive [
    bashInteractive
    coreutils
    dockerTools.caCertificates
  ];

  config = {
    Entrypoint = [ (lib.getExe llama-ts) ];
    # Docker's NVIDIA runtime mounts the machine's driver: what of it, and where it lies then. Nix's C library knows no such place.
    Env = lib.optionals (llama-ts.useCuda || llama-ts.useVulkan) [
      "LD_LIBRARY_PATH=/usr/lib64:/usr/lib/x86_64-linux-gnu:/usr/lib/aarch64-linux-gnu"
      "NVIDIA_VISIBLE_DEVICES=all"
      "NVIDIA_DRIVER_CAPABILITIES=compute,utility${lib.optionalString llama-ts.useVulkan ",graphics"}"
    ];
  };
}
