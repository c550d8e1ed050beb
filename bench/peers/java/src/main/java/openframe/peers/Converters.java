package openframe.peers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigDecimal;
import java.util.Base64;
import java.util.HexFormat;

/** What canonical columns take from a source row, with the product's conversions. Null is "no value". */
final class Converters {
  interface Convert {
    Object from(SourceRow row) throws Rejected;
  }

  private static final ObjectMapper JSON = new ObjectMapper();

  private Converters() {}

  static Convert text(String column) {
    return row -> textIn(row, column);
  }

  /** The first of two columns that holds some text; an empty one counts only when the other does not. */
  static Convert firstText(String one, String other) {
    return row -> {
      String first = textIn(row, one);
      if (row.unavailable) return null;
      boolean present = !row.absent;
      if (first != null && !first.isEmpty()) return first;
      row.absent = false;
      String second = textIn(row, other);
      if (row.unavailable) return null;
      present |= !row.absent;
      row.absent = !present;
      if (second != null && !second.isEmpty()) return second;
      return first == null ? second : first;
    };
  }

  /** A key, or a reference to one: integers and uuids alike as text. */
  static Convert id(String column) {
    return row -> {
      JsonNode value = row.get(column);
      if (value == null) return null;
      if (value.isTextual() || value.isIntegralNumber()) return value.asText();
      if (value.isNumber() && isWhole(value.doubleValue())) return wholeText(value.doubleValue());
      throw Rejected.wrongType(column);
    };
  }

  static Convert bool(String column) {
    return row -> {
      JsonNode value = row.get(column);
      if (value == null) return null;
      if (value.isBoolean()) return value.booleanValue();
      if (value.isNumber() && isWhole(value.doubleValue())) return value.doubleValue() != 0;
      throw Rejected.wrongType(column);
    };
  }

  static Convert time(String column) {
    return row -> {
      JsonNode value = row.get(column);
      if (value == null) return null;
      if (value.isIntegralNumber() && value.canConvertToLong()) return Times.ofCount(value.longValue());
      if (value.isNumber()) return Times.ofCount((long) Math.floor(value.doubleValue()));
      Long time = value.isTextual() ? Times.ofText(value.textValue()) : null;
      if (time == null) throw Rejected.wrongType(column);
      return time;
    };
  }

  static Convert seconds(String column) {
    return row -> {
      JsonNode value = row.get(column);
      if (value == null) return null;
      if (!value.isNumber()) throw Rejected.wrongType(column);
      return Times.ofSeconds(value.doubleValue());
    };
  }

  /** Whole GiB as bytes. */
  static Convert gibibytes(String column) {
    return row -> {
      JsonNode value = row.get(column);
      if (value == null) return null;
      if (!value.isNumber()) throw Rejected.wrongType(column);
      if (value.isInt()) return (long) value.intValue() << 30;
      double whole = value.doubleValue();
      double bytes = (whole < 0 ? Math.ceil(whole) : Math.floor(whole)) * (1 << 30);
      return Math.abs(bytes) < 0x1p63 ? (Object) (long) bytes : new BigDecimal(bytes).toBigInteger();
    };
  }

  /** MeshCentral's spelling of a node id that Tactical keeps in hex; null for what is no hex. */
  static Convert meshNodeId(String column) {
    return row -> {
      String hex = textIn(row, column);
      if (hex == null || hex.isEmpty()) return null;
      try {
        String base64 = Base64.getEncoder().encodeToString(HexFormat.of().parseHex(hex));
        return "node//" + base64.replace('/', '$').replace('+', '@');
      } catch (IllegalArgumentException notHex) {
        return null;
      }
    };
  }

  /** Out of the agent's inventory: lists of WMI classes on Windows, a flat object elsewhere. */
  static Convert serialNumber() {
    return row -> {
      String detail = textIn(row, "wmi_detail");
      if (detail == null || row.unavailable) return null;
      boolean windows = "windows".equals(textIn(row, "plat"));
      String name = windows ? "SerialNumber" : "serialnumber";
      if (!detail.contains('"' + name + '"')) return null;
      JsonNode holder;
      try {
        holder = JSON.readTree(detail);
      } catch (JsonProcessingException broken) {
        return null;
      }
      JsonNode serial = (windows ? holder.path("bios").path(0).path(0) : holder).path(name);
      return serial.isTextual() ? serial.textValue() : null;
    };
  }

  private static String textIn(SourceRow row, String column) throws Rejected {
    JsonNode value = row.get(column);
    if (value == null) return null;
    if (value.isTextual()) return value.textValue();
    throw Rejected.wrongType(column);
  }

  private static boolean isWhole(double value) {
    return Double.isFinite(value) && Math.rint(value) == value;
  }

  private static String wholeText(double value) {
    return new BigDecimal(value).toBigInteger().toString();
  }
}
