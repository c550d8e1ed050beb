package openframe.peers;

import java.util.List;

/** Where devices are kept. {@code write} answers when all of them are. */
interface DeviceWriter extends AutoCloseable {
  void write(List<Device> devices) throws Exception;

  @Override
  void close();

  static DeviceWriter open(Options options) {
    return switch (options.text("write", "none")) {
      case "none" -> new None();
      case "lwt", "upsert" -> new CassandraWriter(options);
      default -> throw new IllegalArgumentException("write= takes none, lwt or upsert");
    };
  }

  /** Kafka to Kafka. */
  final class None implements DeviceWriter {
    @Override
    public void write(List<Device> devices) {}

    @Override
    public void close() {}
  }
}
