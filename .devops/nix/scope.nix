# Everything that is made from this repository, for one instance of nixpkgs: `pkgs.callPackage ./scope.nix { }`.
# A scope, so that `overrideScope` replaces a part everywhere it is used.
{
  lib,
  newScope,
  llamaVersion ? (lib.importJSON ../../package.json).version,
}:

lib.makeScope newScope (self: {
  inherit llamaVersion;

  nodeModules = self.callPackage ./node-modules.nix { };
  llama-ts = self.callPackage ./package.nix { };
  tests = self.callPackage ./tests.nix { };

  docker = self.callPackage ./docker.nix { };
  docker-min = self.callPackage ./docker.nix { interactive = false; };
  sif = self.callPackage ./sif.nix { };
})
