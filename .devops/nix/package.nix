# llama-ts: the compiled addon, the JavaScript, and a program for each that package.json names. One derivation; what is compiled in
# beside the CPU is chosen by `override`, and reaches cmake under the names that docs/build.md lists.
{
  lib,
  config,
  stdenv,
  buildPackages,
  cmake,
  ninja,
  nodejs,
  makeWrapper,
  mpi,
  shaderc,
  vulkan-headers,
  vulkan-loader,
  autoAddDriverRunpath,
  cudaPackages,
  rocmPackages,

  # What to compile in.
  useCuda ? config.cudaSupport,
  useRocm ? config.rocmSupport && !useCuda,
  useVulkan ? false,
  useMpi ? false,
  # NVIDIA's GPUs to compile for: [ "8.6" "9.0" ].
  cudaCapabilities ? cudaPackages.flags.cudaCapabilities,
  # AMD's: [ "gfx906" "gfx1100" ].
  rocmGpuTargets ? rocmPackages.clr.localGpuTargets or rocmPackages.clr.gpuTargets,
  # Take libraries that have a static form in that form: Windows' threads. (C++'s own and CUDA's are in the addon in any case.)
  enableStatic ? effectiveStdenv.hostPlatform.isStatic || effectiveStdenv.hostPlatform.isWindows,

  # Of the scope.
  llamaVersion,
  nodeModules,

  # nvcc takes no compiler newer than it knows.
  effectiveStdenv ? if useCuda then cudaPackages.backendStdenv else stdenv,
}:

let
  inherit (lib)
    cmakeFeature
    concatStringsSep
    getDev
    makeLibraryPath
    mapAttrsToList
    optionalAttrs
    optionals
    optionalString
    ;
  inherit (effectiveStdenv.hostPlatform) isWindows;

  # There is no Node.js for Windows in nixpkgs: what needs it here takes the one of the machine that builds.
  buildNode = buildPackages.nodejs;
  headers =
    if isWindows then "$PWD/node_modules/node-api-headers/include" else "${getDev nodejs}/include/node";

  programs = (lib.importJSON ../../package.json).bin;

  # AUTO, ON or OFF in cmake: never AUTO here, where the arguments decide.
  part = name: isIn: cmakeFeature "LLAMA_TS_${name}" (if isIn then "ON" else "OFF");

  # As `llama-ts --version` calls them.
  gpuParts =
    optionals useCuda [ "cuda" ] ++ optionals useRocm [ "rocm" ] ++ optionals useVulkan [ "vulkan" ];

  # Opened by name when a program asks for a device.
  runtimeLibraries =
    optionals (useVulkan && !isWindows) [ vulkan-loader ]
    ++ optionals useMpi [ mpi ]
    ++ optionals useRocm [ rocmPackages.clr ];
in
effectiveStdenv.mkDerivation {
  pname =
    "llama-ts"
    + optionalString useCuda "-cuda"
    + optionalString useRocm "-rocm"
    + optionalString useVulkan "-vulkan"
    + optionalString useMpi "-mpi";
  version = llamaVersion;

  # Without documentation, tests, Nix's own files, and what other builds left.
  src = lib.cleanSourceWith {
    src = lib.cleanSource ../../.;
    filter =
      path: _type:
      let
        name = baseNameOf path;
      in
      !(
        lib.hasSuffix ".nix" name
        || lib.hasSuffix ".md" name
        || lib.hasPrefix "." name
        || lib.hasPrefix "build" name && dirOf path == toString ../../.
        || lib.elem name [
          "coverage"
          "dist"
          "docs"
          "flake.lock"
          "node_modules"
          "prebuilds"
          "test"
        ]
      );
  };

  __structuredAttrs = true;
  strictDeps = true;

  nativeBuildInputs = [
    buildNode
    cmake
    makeWrapper
    ninja
  ]
  ++ optionals useVulkan [ shaderc ]
  ++ optionals useRocm [ rocmPackages.clr ] # hipcc
  ++ optionals useCuda [
    cudaPackages.cuda_nvcc
    autoAddDriverRunpath
  ];

  buildInputs =
    optionals (!isWindows) [ nodejs ]
    ++ optionals useVulkan [
      vulkan-headers
      vulkan-loader
    ]
    ++ optionals useMpi [ mpi ]
    ++ optionals useCuda [
      cudaPackages.cuda_cccl
      cudaPackages.cuda_cudart
      (lib.getOutput "static" cudaPackages.cuda_cudart)
    ]
    ++ optionals useRocm [ rocmPackages.clr ];

  env = optionalAttrs useRocm {
    ROCM_PATH = "${rocmPackages.clr}";
    HIP_DEVICE_LIB_PATH = "${rocmPackages.rocm-device-libs}/amdgcn/bitcode";
  };

  cmakeFlags = [
    (part "CUDA" useCuda)
    (part "HIP" useRocm)
    (part "VULKAN" useVulkan)
    (part "MPI" useMpi)
  ]
  ++ optionals useCuda [
    (cmakeFeature "CMAKE_CUDA_ARCHITECTURES" (
      concatStringsSep ";" (map (lib.replaceStrings [ "." ] [ "" ]) cudaCapabilities)
    ))
  ]
  ++ optionals useRocm [
    (cmakeFeature "GPU_TARGETS" (concatStringsSep ";" (lib.toList rocmGpuTargets)))
  ]
  ++ optionals (runtimeLibraries != [ ]) [
    (cmakeFeature "CMAKE_BUILD_RPATH" (makeLibraryPath runtimeLibraries))
  ]
  ++ optionals (enableStatic && (isWindows || effectiveStdenv.cc.isGNU)) [
    (cmakeFeature "CMAKE_MODULE_LINKER_FLAGS" (
      if isWindows then "-static" else "-static-libstdc++ -static-libgcc"
    ))
  ];

  configurePhase = ''
    runHook preConfigure

    cp -r ${nodeModules} node_modules
    chmod -R u+w node_modules
    patchShebangs --build node_modules
    export HOME=$TMPDIR CMAKE_BUILD_PARALLEL_LEVEL=$NIX_BUILD_CORES

    runHook postConfigure
  '';

  # Node's headers come from here and not from where cmake-js would fetch them.
  buildPhase = ''
    runHook preBuild

    local settings=() flag
    for flag in "''${cmakeFlags[@]}"; do settings+=(-D "''${flag#-D}"); done
    settings+=(-D "CMAKE_JS_INC=${headers};$PWD/node_modules/node-addon-api")
  ''
  + (
    if isWindows then
      # cmake-js takes the machine that it runs on for the one to compile for: cmake is called as it would call it there.
      ''
        ${effectiveStdenv.cc.targetPrefix}dlltool -d node_modules/node-api-headers/def/node_api.def -y libnode.a
        npm run build:ts
        cmake -G Ninja -S . -B build/node -D CMAKE_BUILD_TYPE=Release -D LLAMA_TS_WERROR=OFF "''${settings[@]}" \
          -D CMAKE_JS_LIB="$PWD/libnode.a;delayimp" \
          -D CMAKE_JS_SRC=${./windows-node.cpp}
        cmake --build build/node
      ''
    else
      ''
        npm run build -- "''${settings[@]}"
      ''
  )
  + ''

    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall

    local package=$out/lib/node_modules/llama-ts
    mkdir -p $package/build/Release $out/bin
    cp -r LICENSE package.json dist models $package/
    cp build/Release/llama-ts.node $package/build/Release/

    # As npm unpacked them: those above name the Node.js that builds, which need not be the one that runs.
    cp -r ${nodeModules} $package/node_modules
    chmod -R u+w $package/node_modules
    node -p 'Object.entries(require("./package-lock.json").packages).filter(([path, { dev }]) => path && dev).map(([path]) => path).join("\n")' |
      (cd $package && xargs rm -rf node_modules/.bin)
    find $package/node_modules -type d -empty -delete

  ''
  + lib.concatLines (
    mapAttrsToList (
      name: script:
      if isWindows then
        ''
          printf '%s\r\n' '@node "%~dp0..\lib\node_modules\llama-ts\${
            lib.replaceStrings [ "/" ] [ "\\" ] script
          }" %*' > $out/bin/${name}.cmd
        ''
      else
        "makeWrapper ${lib.getExe nodejs} $out/bin/${name} --add-flags $package/${script}"
    ) programs
  )
  + ''

    runHook postInstall
  '';

  # The fixup phase would take out every path that nothing is linked from: those where libraries are opened by name.
  dontPatchELF = runtimeLibraries != [ ];

  # What was asked for is in, and the program tells a story with the model that comes along.
  doInstallCheck = effectiveStdenv.buildPlatform.canExecute effectiveStdenv.hostPlatform;
  installCheckPhase = ''
    runHook preInstallCheck

    $out/bin/llama-ts --version | tee has
    for part in ${toString gpuParts}; do grep "^  $part" has; done
    ${optionalString useMpi "grep '^MPI: ' has | grep -v 'not compiled in'"}
    $out/bin/llama-ts run -p "Once upon a time" -n 16 --seed 1

    runHook postInstallCheck
  '';

  passthru = {
    inherit
      effectiveStdenv
      programs
      runtimeLibraries
      useCuda
      useMpi
      useRocm
      useVulkan
      ;
  };

  meta = {
    description =
      "Run large language models in Node.js, on a C++ core of its own"
      + optionalString useCuda ", with CUDA"
      + optionalString useRocm ", with ROCm"
      + optionalString useVulkan ", with Vulkan"
      + optionalString useMpi ", with MPI";
    license = lib.licenses.mit;
    mainProgram = "llama-ts";
    platforms = lib.platforms.linux ++ lib.platforms.darwin ++ lib.platforms.windows;
    # NVIDIA and AMD have no compilers for macOS.
    badPlatforms = optionals (useCuda || useRocm) lib.platforms.darwin;
    broken =
      # One file has the kernels of one of the two.
      useCuda && useRocm
      # The libraries of nixpkgs for both are those of Linux.
      || isWindows && (useCuda || useRocm || useMpi)
      # A static Node.js cannot load addons.
      || effectiveStdenv.hostPlatform.isStatic && !isWindows;
  };
}
