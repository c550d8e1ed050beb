package openframe.peers;

import com.fasterxml.jackson.databind.JsonNode;

/** Decodes records of {@code agents_agent}: bytes in, a guarded device out. One object a thread. */
final class CheckIns {
  private final SourceRow row = new SourceRow();
  private final Guards guards;

  CheckIns(Guards guards) {
    this.guards = guards;
  }

  /** Null when the record says nothing of a row: a tombstone, a truncate or a logical message. */
  Device decode(byte[] key, byte[] value, long timestamp) throws Rejected {
    if (value == null) return null;
    JsonNode envelope = Envelope.read(value, "value");
    if (envelope.isNull()) return null;
    if (!envelope.path("op").isTextual()) throw new Rejected("not_an_envelope", "value has no op");
    String operation = operation(envelope.get("op").textValue());
    if (operation == null) return null;
    JsonNode source = envelope.get("source");
    if (source == null || !source.isObject()) throw new Rejected("not_an_envelope", "source is no object");
    String version = Envelope.version(source, operation.equals("snapshot"));
    long sourceTs = Envelope.sourceTime(envelope, source, timestamp);
    boolean deleted = operation.equals("delete");
    Device device = new Device(idOf(key), operation, version, sourceTs, deleted);
    if (!deleted) fill(device, envelope.get("after"), timestamp);
    return device;
  }

  private void fill(Device device, JsonNode after, long timestamp) throws Rejected {
    if (after == null || !after.isObject()) throw new Rejected("not_an_envelope", "after is no object");
    row.open(after);
    if (!row.has("hostname")) throw new Rejected("missing_column", "column hostname is absent or null");
    long now = Math.max(System.currentTimeMillis(), timestamp);
    int index = 0;
    for (DeviceColumns.Column column : DeviceColumns.READ) {
      row.next();
      Object value = column.convert().from(row);
      if (!row.unavailable && !row.absent)
        device.columns[index] = value == null ? null : guards.guarded(column, value, now);
      index++;
    }
  }

  private static String operation(String op) throws Rejected {
    return switch (op) {
      case "c" -> "create";
      case "u" -> "update";
      case "d" -> "delete";
      case "r" -> "snapshot";
      case "t", "m" -> null;
      default -> throw new Rejected("unknown_operation", "op is none of c u d r t m");
    };
  }

  /** The row's id, out of Debezium's key {@code {"id":7}}. */
  static String idOf(byte[] key) throws Rejected {
    if (key == null) throw new Rejected("missing_key", "record has no key");
    JsonNode id = Envelope.read(key, "key").path("id");
    if (id.isTextual() || id.isIntegralNumber()) return id.asText();
    throw new Rejected("invalid_key", "key column id is neither text nor integer");
  }
}
