package openframe.peers;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Debezium's envelope as a tree, with or without the schema that Connect's JSON converter wraps it in. */
final class Envelope {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern LAST_OF_SEQUENCE = Pattern.compile("\"(\\d+)\"\\s*\\]$");

  private Envelope() {}

  /** The payload. A schema in front of it is passed over without building anything of it. */
  static JsonNode read(byte[] text, String what) throws Rejected {
    try (JsonParser parser = JSON.createParser(text)) {
      if (isWrapped(parser)) return JSON.readTree(parser);
    } catch (IOException broken) {
      throw new Rejected("invalid_json", what + " is not JSON");
    }
    try {
      return JSON.readTree(text);
    } catch (IOException broken) {
      throw new Rejected("invalid_json", what + " is not JSON");
    }
  }

  private static boolean isWrapped(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) return false;
    if (!"schema".equals(parser.nextFieldName())) return false;
    parser.nextToken();
    parser.skipChildren();
    if (!"payload".equals(parser.nextFieldName())) return false;
    parser.nextToken();
    return true;
  }

  /** {@code eeee-llllllllllllllll-s}: epoch (0 here), LSN, and 0 for a snapshot read. */
  static String version(JsonNode source, boolean snapshot) throws Rejected {
    char[] text = "0000-0000000000000000-1".toCharArray();
    long rest = lsn(source);
    for (int at = 20; at > 4 && rest != 0; at--) {
      text[at] = Character.forDigit((int) (rest & 15), 16);
      rest >>>= 4;
    }
    if (snapshot) text[22] = '0';
    return new String(text);
  }

  private static long lsn(JsonNode source) throws Rejected {
    if (!"postgresql".equals(source.path("connector").asText()))
      throw new Rejected("missing_version", "the connector is not postgresql");
    JsonNode lsn = source.path("lsn");
    if (lsn.isIntegralNumber() && lsn.canConvertToLong() && lsn.longValue() >= 0) return lsn.longValue();
    Matcher last = LAST_OF_SEQUENCE.matcher(source.path("sequence").asText());
    if (!lsn.isNumber() && last.find()) return Long.parseLong(last.group(1));
    throw new Rejected("missing_version", "source has neither lsn nor sequence");
  }

  /** When the source committed the change. */
  static long sourceTime(JsonNode envelope, JsonNode source, long recordTimestamp) {
    if (source.path("ts_ms").isNumber()) return source.get("ts_ms").longValue();
    return envelope.path("ts_ms").isNumber() ? envelope.get("ts_ms").longValue() : recordTimestamp;
  }
}
