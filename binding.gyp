{
  # npm does not build this package: "gypfile" is false, and `npx llama-ts build` runs cmake-js. Tools that insist on
  # node-gyp are handed over to it.
  "targets": [{
    "target_name": "llama-ts",
    "type": "none",
    "actions": [{
      "action_name": "cmake-js",
      "inputs": ["CMakeLists.txt"],
      "outputs": ["build/Release/llama-ts.node"],
      "action": ["node", "dist/bin/llama-ts.js", "build"]
    }]
  }]
}
