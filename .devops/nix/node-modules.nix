# The npm packages that package-lock.json names, as one download that is known by its hash.
#
# The lock has no download addresses, so neither fetchNpmDeps nor importNpmLock can read it. npm itself can: it checks what it gets
# against the lock's `integrity`, and Nix checks the whole. The hashes are in node-modules.json; `npm run nix:hash` writes them.
#
# Packages with a binary of one platform are left out, so that one hash holds everywhere. Jest needs one of them: `forTests` brings
# those of the machine that builds, with a hash for each.
{
  lib,
  buildPackages,
  cacert,
  forTests ? false,
}:

let
  inherit (buildPackages) nodejs stdenvNoCC;
  inherit (stdenvNoCC) hostPlatform;

  hashes = lib.importJSON ./node-modules.json;
  key = if forTests then hostPlatform.system else "any";
  platform =
    if forTests then
      {
        os = hostPlatform.node.platform;
        cpu = hostPlatform.node.arch;
        libc = if hostPlatform.isMusl then "musl" else "glibc";
      }
    else
      lib.genAttrs [ "os" "cpu" "libc" ] (_: "none");
in
stdenvNoCC.mkDerivation {
  name = "llama-ts-node-modules";

  src = lib.fileset.toSource {
    root = ../../.;
    fileset = lib.fileset.unions [
      ../../package.json
      ../../package-lock.json
    ];
  };

  nativeBuildInputs = [
    nodejs
    cacert
  ];

  # A download may not refer to the store, so scripts keep their first lines.
  dontConfigure = true;
  dontFixup = true;

  buildPhase = ''
    runHook preBuild

    export HOME=$TMPDIR
    npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier \
      --os=${platform.os} --cpu=${platform.cpu} --libc=${platform.libc}
    rm node_modules/.package-lock.json # names what was left out, by npm's version

    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall

    cp -r node_modules $out

    runHook postInstall
  '';

  # Proxies, and the certificates of those that open what goes through them.
  impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [ "NODE_EXTRA_CA_CERTS" ];

  outputHashMode = "recursive";
  outputHash =
    hashes.${key} or (throw "node-modules.json has no hash for ${key}: run npm run nix:hash");
}
