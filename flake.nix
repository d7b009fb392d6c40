# What there is, and how to use it: docs/nix.md. In short:
#
#   nix run . -- run -p "Once upon a time"    the program
#   nix build .#cuda                          CUDA; .#rocm, .#vulkan, .#mpi-cpu, .#mpi-cuda, .#windows likewise
#   nix develop .#vulkan                      a shell to work in
#   nix flake check                           builds, and the test suite
{
  description = "Run large language models in Node.js: a typed API on a C++ core of its own, for GGUF files";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    flake-parts.url = "github:hercules-ci/flake-parts";
  };

  # Binary caches are comments, not `nixConfig`: with `nixConfig` every command on this flake would ask whether to trust them, and
  # would warn those users who may not; and whom to trust is not ours to decide. There is no cache of this project. What takes long
  # to build is the CUDA and ROCm of nixpkgs: the cache below has CUDA's. To use it, add this to /etc/nix/nix.conf:
  #
  #   extra-substituters = https://cache.nixos-cuda.org
  #   extra-trusted-public-keys = cache.nixos-cuda.org:74DUi4Ye579gUqzH4ziL9IyiJBlDpMRn9MBN8oNan9M=

  outputs =
    { flake-parts, ... }@inputs:
    flake-parts.lib.mkFlake { inherit inputs; } {
      imports = [
        ./.devops/nix/apps.nix
        ./.devops/nix/devshells.nix
        ./.devops/nix/jetson-support.nix
        ./.devops/nix/nixpkgs-instances.nix
      ];

      flake.overlays.default = final: _prev: {
        llamaPackages = final.callPackage ./.devops/nix/scope.nix { };
        inherit (final.llamaPackages) llama-ts;
      };

      # nixpkgs drops x86_64-darwin after 26.05: take it from this list when an update of the lock passes that release.
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];

      perSystem =
        {
          config,
          lib,
          pkgs,
          pkgsCuda,
          pkgsRocm,
          system,
          ...
        }:
        let
          scopeOf = instance: instance.callPackage ./.devops/nix/scope.nix { };
        in
        {
          # Whole scopes, for `overrideScope`; under legacyPackages, so that `nix flake show` does not evaluate all of them.
          legacyPackages = {
            llamaPackages = scopeOf pkgs;
            llamaPackagesWindows = scopeOf pkgs.pkgsCross.mingwW64;
            llamaPackagesCuda = scopeOf pkgsCuda;
            llamaPackagesRocm = scopeOf pkgsRocm;
          };

          packages = {
            default = config.legacyPackages.llamaPackages.llama-ts;
            vulkan = config.packages.default.override { useVulkan = true; };
            windows = config.legacyPackages.llamaPackagesWindows.llama-ts;
          }
          // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux {
            cuda = config.legacyPackages.llamaPackagesCuda.llama-ts;
            mpi-cpu = config.packages.default.override { useMpi = true; };
            mpi-cuda = config.packages.cuda.override { useMpi = true; };
          }
          // lib.optionalAttrs (system == "x86_64-linux") {
            rocm = config.legacyPackages.llamaPackagesRocm.llama-ts;
          };

          checks = {
            inherit (config.packages) default vulkan;
            inherit (config.legacyPackages.llamaPackages) tests;
          };

          formatter = pkgs.nixfmt;
        };
    };
}
