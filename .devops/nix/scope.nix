# Everything that is made from this repository, for one instance of nixpkgs: `pkgs.callPackage ./scope.nix { }`.
# A scope, so that `overrideScope` replaces a part everywhere it is used.
{
  lib,
  stdenv,
  newScope,
  # The package's version. (The program reports the one in package.json.)
  llamaVersion ? (lib.importJSON ../../package.json).version,
}:

lib.makeScope newScope (
  self:
  {
    inherit llamaVersion;

    nodeModules = self.callPackage ./node-modules.nix { };
    llama-ts = self.callPackage ./package.nix { };
    tests = self.callPackage ./tests.nix { };
  }
  // lib.optionalAttrs stdenv.hostPlatform.isLinux {
    docker = self.callPackage ./docker.nix { };
    docker-min = self.callPackage ./docker.nix { interactive = false; };
    sif = self.callPackage ./sif.nix { };
  }
)
