package openframe.peers;

import java.util.Arrays;

/** One change of a device in canonical form. */
final class Device {
  /** A column that the change says nothing of; null is "no value". */
  static final Object UNSET = new Object();
  static final String TOOL = "tactical-rmm";

  final String id;
  final String operation;
  final String version;
  final long sourceTs;
  final boolean deleted;
  final Object[] columns = new Object[DeviceColumns.COUNT];

  Device(String id, String operation, String version, long sourceTs, boolean deleted) {
    this.id = id;
    this.operation = operation;
    this.version = version;
    this.sourceTs = sourceTs;
    this.deleted = deleted;
    if (!deleted) Arrays.fill(columns, UNSET);
  }

  /** Whether the change leaves columns unchanged without telling their values. */
  boolean isPart() {
    for (Object column : columns) if (column == UNSET) return true;
    return false;
  }
}
