package openframe.peers;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/** The product's data-quality guards, as far as they touch a device: what cannot be is bounded or cleared, and counted. */
final class Guards {
  private static final long TIME_MIN = 631_152_000_000L; // 1990
  private static final long NEVER = -62_135_596_800_000L; // 0001
  private static final long DAY_MS = 86_400_000;
  private static final int TEXT_MAX_BYTES = 64 * 1024;
  private static final String CUT_MARK = "… [cut]";

  final LongAdder fixed = new LongAdder();
  final LongAdder unknown = new LongAdder();

  Object guarded(DeviceColumns.Column column, Object value, long now) {
    if (column.type() == DeviceColumns.Type.TIME) return time((Long) value, now);
    if (column.type() != DeviceColumns.Type.TEXT) return value;
    String text = (String) value;
    if (column.known() != null && !column.known().contains(text)) unknown.increment();
    return cut(text);
  }

  private Object time(long time, long now) {
    if (time >= TIME_MIN && time <= now + DAY_MS) return time;
    if (time != NEVER) fixed.increment();
    return null;
  }

  private String cut(String text) {
    if (text.length() * 3L <= TEXT_MAX_BYTES) return text;
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= TEXT_MAX_BYTES) return text;
    fixed.increment();
    int end = TEXT_MAX_BYTES - CUT_MARK.getBytes(StandardCharsets.UTF_8).length;
    while (end > 0 && (bytes[end] & 0xc0) == 0x80) end--;
    return new String(Arrays.copyOf(bytes, end), StandardCharsets.UTF_8) + CUT_MARK;
  }
}
