package openframe.peers;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;

/** Encodes a device as its analytics record. One object a thread. */
final class Analytics {
  private static final JsonFactory JSON = new JsonFactory();

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(2048);

  static byte[] key(Device device) {
    return (Device.TOOL + ':' + device.id).getBytes(StandardCharsets.UTF_8);
  }

  byte[] value(Device device) {
    bytes.reset();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("tool", Device.TOOL);
      json.writeStringField("id", device.id);
      json.writeStringField("op", device.operation);
      json.writeNumberField("source_ts", device.sourceTs);
      json.writeNumberField("processed_at", System.currentTimeMillis());
      json.writeStringField("version", device.version);
      json.writeStringField("facet", "main");
      json.writeBooleanField("deleted", device.deleted);
      for (int index = 0; index < DeviceColumns.COUNT; index++) {
        Object value = device.columns[index];
        if (value == Device.UNSET) continue;
        json.writeFieldName(DeviceColumns.name(index));
        write(json, value, DeviceColumns.isTime(index));
      }
      json.writeEndObject();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  private static void write(JsonGenerator json, Object value, boolean isTime) throws IOException {
    if (value == null) json.writeNull();
    else if (value instanceof String text) json.writeString(text);
    else if (value instanceof Long number && isTime) json.writeString(Times.text(number));
    else if (value instanceof Long number) json.writeNumber(number);
    else if (value instanceof BigInteger number) json.writeNumber(number);
    else json.writeBoolean((Boolean) value);
  }
}
