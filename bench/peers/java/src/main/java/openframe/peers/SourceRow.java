package openframe.peers;

import com.fasterxml.jackson.databind.JsonNode;

/** A row of {@code after} while its columns are read; the flags say why there was no value. */
final class SourceRow {
  private static final String UNAVAILABLE = "__debezium_unavailable_value";
  private static final String UNAVAILABLE_BASE64 = "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==";
  private static final String UNAVAILABLE_HEX = "5f5f646562657a69756d5f756e617661696c61626c655f76616c7565";

  private JsonNode cells;
  /** A needed value was not sent, because it has not changed. */
  boolean unavailable;
  /** A needed column is not in the row. */
  boolean absent;

  void open(JsonNode after) {
    cells = after;
  }

  /** Starts the next canonical column. */
  void next() {
    unavailable = false;
    absent = false;
  }

  /** Whether the row carries a value for the column, an unchanged one included. */
  boolean has(String column) {
    JsonNode value = cells.get(column);
    return value != null && !value.isNull();
  }

  /** Null where there is no value. */
  JsonNode get(String column) {
    JsonNode value = cells.get(column);
    if (value == null) {
      absent = true;
      return null;
    }
    if (value.isNull()) return null;
    if (value.isTextual() && isUnavailable(value.textValue())) {
      unavailable = true;
      return null;
    }
    return value;
  }

  private static boolean isUnavailable(String text) {
    return switch (text.length()) {
      case 28 -> text.equals(UNAVAILABLE);
      case 40 -> text.equals(UNAVAILABLE_BASE64);
      case 56 -> text.equals(UNAVAILABLE_HEX);
      default -> false;
    };
  }
}
