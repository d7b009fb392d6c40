# `nix run .#NAME`: the programs that package.json names, by that name and without "llama-" before it; llama-ts is the default.
{
  perSystem =
    { config, lib, ... }:
    let
      inherit (config.packages) default;

      app = program: {
        type = "app";
        program = "${default}/bin/${program}";
        meta.description = "The program ${program}";
      };
      shortName = program: if program == "llama-ts" then "default" else lib.removePrefix "llama-" program;
      named = program: [
        (lib.nameValuePair program (app program))
        (lib.nameValuePair (shortName program) (app program))
      ];
    in
    {
      apps = lib.listToAttrs (lib.concatMap named (lib.attrNames default.programs));
    };
}
