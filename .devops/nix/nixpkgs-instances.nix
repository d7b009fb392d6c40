# Instances of nixpkgs beside `pkgs`, as arguments of modules. With `cudaSupport` in its configuration, nixpkgs builds everything
# that we depend on for CUDA as well (Open MPI, for one); its CUDA packages are marked broken without it.
{ inputs, ... }:
{
  perSystem =
    { lib, system, ... }:
    {
      _module.args = {
        pkgsCuda = import inputs.nixpkgs {
          inherit system;
          config = {
            cudaSupport = true;
            # CUDA is not free software: exactly its licences are allowed here.
            allowUnfreePredicate =
              package:
              lib.all (
                license:
                license.free
                || lib.elem license.shortName [
                  "CUDA EULA"
                  "cuDNN EULA"
                ]
              ) (lib.toList package.meta.license);
          };
        };

        pkgsRocm = import inputs.nixpkgs {
          inherit system;
          config.rocmSupport = true;
        };
      };
    };
}
