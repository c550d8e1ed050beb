{
  # node-rdkafka's headers and the librdkafka that it built: the addon works on their objects, so it is compiled against just these.
  "variables": {
    "rdkafka": "<!(node where.cjs node-rdkafka)",
  },
  "targets": [
    {
      "target_name": "handover",
      "sources": ["src/addon.cc", "src/frame_consumer.cc", "src/frame_producer.cc"],
      "include_dirs": [
        "<!(node where.cjs nan)",
        "<(rdkafka)",
        "<(rdkafka)/deps/librdkafka/src",
        "<(rdkafka)/deps/librdkafka/src-cpp",
      ],
      "defines": ["NODE_RDKAFKA_VERSION=\"<!(node where.cjs version)\""],
      "cflags_cc": ["-std=c++20", "-Wall", "-Wextra", "-Wno-cast-function-type", "-Wno-unused-parameter", "-Wno-unused-result"],
      "libraries": [
        "<(rdkafka)/build/deps/librdkafka.so.1",
        # Beside the addon as in a clone. node-rdkafka has loaded it before by the same name, so there is one librdkafka in the process.
        "-Wl,-rpath='$$ORIGIN/../../../node_modules/node-rdkafka/build/deps'",
      ],
    }
  ]
}
