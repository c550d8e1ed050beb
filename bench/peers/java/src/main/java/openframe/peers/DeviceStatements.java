package openframe.peers;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.BoundStatementBuilder;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.Row;
import java.time.Instant;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The statements that write a device. Columns that a change says nothing of are left unset. */
final class DeviceStatements {
  private static final String KEY = "tool = ? AND bucket = ? AND id = ?";

  private final int buckets;
  private final PreparedStatement newer;
  private final PreparedStatement first;
  private final PreparedStatement upsert;
  private final PreparedStatement read;

  DeviceStatements(CqlSession session, String keyspace, int buckets) {
    this.buckets = buckets;
    String table = keyspace + ".devices";
    String columns = IntStream.range(0, DeviceColumns.COUNT).mapToObj(DeviceColumns::name).collect(Collectors.joining(", "));
    String names = "version, source_ts, deleted, " + columns;
    String marks = "?" + ", ?".repeat(DeviceColumns.COUNT + 5);
    String insert = "INSERT INTO " + table + " (" + names + ", tool, bucket, id) VALUES (" + marks + ")";
    newer = session.prepare(
        "UPDATE " + table + " SET " + names.replace(",", " = ?,") + " = ? WHERE " + KEY + " IF version < ?");
    first = session.prepare(insert + " IF NOT EXISTS");
    upsert = session.prepare(insert);
    read = session.prepare("SELECT " + columns + " FROM " + table + " WHERE " + KEY);
  }

  BoundStatement newer(Device device) {
    BoundStatementBuilder builder = newer.boundStatementBuilder();
    int next = bind(builder, device, false);
    return builder.setString(next, device.version).build();
  }

  /** In a new row there is nothing to clear: a null would only leave a tombstone. */
  BoundStatement first(Device device) {
    BoundStatementBuilder builder = first.boundStatementBuilder();
    bind(builder, device, true);
    return builder.build();
  }

  BoundStatement upsert(Device device) {
    BoundStatementBuilder builder = upsert.boundStatementBuilder();
    bind(builder, device, false);
    return builder.build();
  }

  BoundStatement read(Device device) {
    return read.bind(Device.TOOL, bucket(device), device.id);
  }

  /** Gives a device the stored values of the columns that its change says nothing of. */
  void fill(Device device, Row row) {
    for (int index = 0; row != null && index < DeviceColumns.COUNT; index++) {
      if (device.columns[index] != Device.UNSET || row.isNull(index)) continue;
      Object stored = row.getObject(index);
      device.columns[index] = stored instanceof Instant time ? (Object) time.toEpochMilli() : stored;
    }
  }

  private int bind(BoundStatementBuilder builder, Device device, boolean isNew) {
    builder.setString(0, device.version);
    builder.setInstant(1, Instant.ofEpochMilli(device.sourceTs));
    builder.setBoolean(2, device.deleted);
    for (int index = 0; index < DeviceColumns.COUNT; index++) {
      Object value = device.columns[index];
      if (value == Device.UNSET || (value == null && isNew)) continue;
      bind(builder, index + 3, value, DeviceColumns.isTime(index));
    }
    int key = DeviceColumns.COUNT + 3;
    builder.setString(key, Device.TOOL);
    builder.setInt(key + 1, bucket(device));
    builder.setString(key + 2, device.id);
    return key + 3;
  }

  private static void bind(BoundStatementBuilder builder, int at, Object value, boolean isTime) {
    if (value == null) builder.setToNull(at);
    else if (value instanceof String text) builder.setString(at, text);
    else if (value instanceof Long number && isTime) builder.setInstant(at, Instant.ofEpochMilli(number));
    else if (value instanceof Long number) builder.setLong(at, number);
    else if (value instanceof Boolean flag) builder.setBoolean(at, flag);
    else throw new IllegalArgumentException("a value that its column does not hold");
  }

  /** The product's bucket of an id: FNV-1a over its characters, finished as MurmurHash3 does. */
  int bucket(Device device) {
    int hash = 0x811c9dc5;
    String id = device.id;
    for (int at = 0; at < id.length(); at++) hash = (hash ^ id.charAt(at)) * 0x01000193;
    hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
    hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
    return Integer.remainderUnsigned(hash ^ (hash >>> 16), buckets);
  }
}
