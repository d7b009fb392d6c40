# `nix develop .#NAME`: what the package of that name is built with, to work on it with npm and cmake.
{
  perSystem =
    {
      config,
      lib,
      pkgs,
      ...
    }:
    let
      shellOf =
        name: package:
        let
          instance = if name == "windows" then pkgs.pkgsCross.mingwW64 else pkgs;
          libraries = lib.makeLibraryPath package.runtimeLibraries;
        in
        instance.mkShell {
          name = "llama-ts-${name}";
          inputsFrom = [ package ];
          packages = with pkgs; [
            ccache
            clang-tools
            git
            nixfmt
          ];
          # What `npm run build` compiles here opens its drivers' libraries by name, and is not told where they lie.
          shellHook = lib.optionalString (libraries != "") ''
            export LD_LIBRARY_PATH=${libraries}''${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
          '';
        };
    in
    {
      devShells = lib.mapAttrs shellOf config.packages;
    };
}
