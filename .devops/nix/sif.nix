# An image for Singularity and Apptainer, which clusters have in Docker's place.
{
  lib,
  singularity-tools,
  bashInteractive,
  llama-ts,
  # MiB, of the image while it is built.
  diskSize ? 4096,
}:

singularity-tools.buildImage {
  inherit (llama-ts) name;
  inherit diskSize;

  contents = [
    llama-ts
    bashInteractive
  ];

  runScript = ''
    exec ${lib.getExe llama-ts} "$@"
  '';
}
