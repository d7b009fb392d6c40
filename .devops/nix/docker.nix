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
    # Where Docker's NVIDIA runtime and Vulkan's loader look for drivers of the machine.
    Env = lib.optionals (llama-ts.useCuda || llama-ts.useVulkan) [
      "NVIDIA_VISIBLE_DEVICES=all"
      "NVIDIA_DRIVER_CAPABILITIES=compute,utility${lib.optionalString llama-ts.useVulkan ",graphics"}"
    ];
  };
}
