# `npm run test:all`, in a sandbox: the native checks, the API's tests, and the examples of the documentation.
{
  lib,
  llama-ts,
  nodeModules,
}:

(llama-ts.override { nodeModules = nodeModules.override { forTests = true; }; }).overrideAttrs
  (old: {
    pname = "${old.pname}-tests";

    # The package's own source is without tests, and without what they look at.
    src = lib.cleanSourceWith {
      src = lib.cleanSource ../../.;
      filter =
        path: _type:
        let
          name = baseNameOf path;
        in
        !(
          lib.hasPrefix "build" name && dirOf path == toString ../../.
          || lib.elem name [
            "coverage"
            "dist"
            "node_modules"
            "prebuilds"
          ]
        );
    };

    # Tests install packages from a registry of their own, on this machine.
    __darwinAllowLocalNetworking = true;

    buildPhase = ''
      runHook preBuild

      # npm starts programs by their first line, and a sandbox has no /usr/bin/env.
      substituteInPlace bin/llama-ts.ts bin/llama-quantize.ts \
        --replace-fail '#!/usr/bin/env node' "#!$(command -v node)"
      npm run test:all

      runHook postBuild
    '';

    installPhase = "mkdir $out";
    doInstallCheck = false;
  })
