# NVIDIA's Jetson boards: packages.aarch64-linux.jetson-NAME, for each board that the CUDA of the locked nixpkgs still compiles for.
# (Xavier, 7.2, left with CUDA 12.2; a lock of that time has it.)
{ inputs, ... }:
{
  perSystem =
    {
      lib,
      pkgsCuda,
      system,
      ...
    }:
    let
      # Compute capabilities; of several, the first that CUDA knows.
      boards = {
        Xavier = [ "7.2" ];
        Orin = [ "8.7" ];
        Thor = [
          "11.0"
          "10.1"
        ];
      };

      instanceFor =
        capability:
        import inputs.nixpkgs {
          inherit system;
          config = {
            inherit (pkgsCuda.config) cudaSupport allowUnfreePredicate;
            cudaCapabilities = [ capability ];
            cudaForwardCompat = false;
          };
        };

      knows =
        capability:
        (builtins.tryEval (instanceFor capability).cudaPackages.flags.cmakeCudaArchitecturesString).success;

      scopesOf =
        board: capabilities:
        map (
          capability:
          lib.nameValuePair "llamaPackages${board}" ((instanceFor capability).callPackage ./scope.nix { })
        ) (lib.take 1 (lib.filter knows capabilities));

      scopes = lib.listToAttrs (lib.concatLists (lib.mapAttrsToList scopesOf boards));
    in
    lib.optionalAttrs (system == "aarch64-linux") {
      legacyPackages = scopes;
      packages = lib.mapAttrs' (
        name: scope:
        lib.nameValuePair "jetson-${lib.toLower (lib.removePrefix "llamaPackages" name)}" scope.llama-ts
      ) scopes;
    };
}
