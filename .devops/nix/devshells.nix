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
          variable =
            if instance.stdenv.hostPlatform.isDarwin then "DYLD_FALLBACK_LIBRARY_PATH" else "LD_LIBRARY_PATH";
          libraries = lib.makeSearchPathOutput "lib" "lib" (
            package.runtimeLibraries ++ lib.optionals package.useCuda [ pkgs.addDriverRunpath.driverLink ]
          );
        in
        instance.mkShell {
          name = "llama-ts-${name}";
          inputsFrom = [ package ];
          packages =
            with pkgs;
            [
              ccache
              clang-tools
              git
              nixfmt
            ]
            # nvcc takes no compiler newer than it knows.
            ++ lib.optionals package.useCuda [ package.effectiveStdenv.cc ];
          # What `npm run build` compiles here opens its drivers' libraries by name, and is not told where they lie.
          shellHook = lib.optionalString (libraries != "") ''
            export ${variable}=${libraries}''${${variable}:+:''$${variable}}
          '';
        };
    in
    {
      devShells = lib.mapAttrs shellOf config.packages;
    };
}
