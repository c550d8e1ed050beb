package openframe.peers;

import java.util.List;

final class CassandraWriter implements DeviceWriter {
  CassandraWriter(Options options) {}
  @Override public void write(List<Device> devices) {}
  @Override public void close() {}
}
