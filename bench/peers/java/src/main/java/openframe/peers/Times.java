package openframe.peers;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Times in Debezium's forms, as milliseconds since 1970 UTC, and back as ISO 8601. The common layout is read and written by hand,
 * as the product does it: java.time's formatters would take longer than all the rest of a record.
 */
final class Times {
  private static final Pattern ANY = Pattern.compile(
      "([+-]?\\d{4,6})-(\\d\\d)-(\\d\\d)[T ](\\d\\d):(\\d\\d):(\\d\\d)(?:\\.(\\d+))?(Z|[+-]\\d\\d(?::?\\d\\d)?)?");
  private static final long DAY_MS = 86_400_000;
  private static final int DAYS_MAX = 4096;
  private static final ConcurrentHashMap<Long, String> DATES = new ConcurrentHashMap<>();

  private Times() {}

  /** Null for a text that is no time. */
  static Long ofText(String text) {
    int length = text.length();
    if (length >= 20 && text.charAt(4) == '-' && text.charAt(10) == 'T' && text.charAt(length - 1) == 'Z') {
      long time = fixedLayout(text, length);
      if (time != Long.MIN_VALUE) return time;
    }
    if (text.equals("infinity")) return Long.MAX_VALUE;
    if (text.equals("-infinity")) return Long.MIN_VALUE;
    Matcher match = ANY.matcher(text);
    return match.matches() ? ofParts(match) : null;
  }

  /** {@code yyyy-mm-ddThh:mm:ss[.f…]Z}, or Long.MIN_VALUE. */
  private static long fixedLayout(String text, int length) {
    int end = length - 1;
    if (text.charAt(19) != '.' && end != 19) return Long.MIN_VALUE;
    int millis = 0;
    if (end > 19) {
      int shown = Math.min(3, end - 20);
      millis = digits(text, 20, 20 + shown);
      for (int more = shown; more < 3; more++) millis *= 10;
    }
    int year = digits(text, 0, 4);
    int month = digits(text, 5, 7);
    int day = digits(text, 8, 10);
    int hour = digits(text, 11, 13);
    int minute = digits(text, 14, 16);
    int second = digits(text, 17, 19);
    if ((millis | year | month | day | hour | minute | second) < 0) return Long.MIN_VALUE;
    if (year < 100 || month > 12 || day > 31 || hour > 24 || minute > 59 || second > 60) return Long.MIN_VALUE;
    return days(year, month, day) * DAY_MS + ((hour * 60L + minute) * 60 + second) * 1000 + millis;
  }

  private static int digits(String text, int from, int to) {
    int value = 0;
    for (int at = from; at < to; at++) {
      int digit = text.charAt(at) - '0';
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  /** Days of a date since 1970; months and days beyond their end run on into the next. */
  private static long days(int year, int month, int day) {
    if (month >= 1 && day >= 1 && day <= 28) return LocalDate.of(year, month, day).toEpochDay();
    return LocalDate.of(year, 1, 1).plusMonths(month - 1L).plusDays(day - 1L).toEpochDay();
  }

  private static long ofParts(Matcher match) {
    int[] part = new int[6];
    for (int index = 0; index < 6; index++) part[index] = Integer.parseInt(match.group(index + 1));
    String fraction = match.group(7) == null ? "" : match.group(7);
    long millis = Long.parseLong((fraction + "000").substring(0, 3));
    long time = days(part[0], part[1], part[2]) * DAY_MS + ((part[3] * 60L + part[4]) * 60 + part[5]) * 1000 + millis;
    String zone = match.group(8);
    if (zone == null || zone.equals("Z")) return time;
    ZoneOffset offset = ZoneOffset.of(zone);
    return time - offset.getTotalSeconds() * 1000L;
  }

  /** A count since 1970 of milliseconds, microseconds or nanoseconds: which of them its size tells. */
  static long ofCount(long count) {
    long size = Math.abs(count);
    if (size < 100_000_000_000_000L) return count;
    return Math.floorDiv(count, size < 100_000_000_000_000_000L ? 1_000L : 1_000_000L);
  }

  /** Seconds with a fraction: to the microsecond, as a double is exact, then cut to milliseconds. */
  static long ofSeconds(double seconds) {
    return Math.floorDiv(Math.round(seconds * 1e6), 1000L);
  }

  /** ISO 8601 in UTC with three digits of milliseconds. */
  static String text(long time) {
    long day = Math.floorDiv(time, DAY_MS);
    int millis = (int) (time - day * DAY_MS);
    char[] clock = "00:00:00.000Z".toCharArray();
    int seconds = millis / 1000;
    put(clock, 0, seconds / 3600, 2);
    put(clock, 3, seconds / 60 % 60, 2);
    put(clock, 6, seconds % 60, 2);
    put(clock, 9, millis % 1000, 3);
    return date(day).concat(new String(clock));
  }

  private static String date(long day) {
    String date = DATES.get(day);
    if (date != null) return date;
    if (DATES.size() >= DAYS_MAX) DATES.clear();
    date = LocalDate.ofEpochDay(day) + "T";
    DATES.put(day, date);
    return date;
  }

  private static void put(char[] into, int at, int value, int digits) {
    for (int place = at + digits - 1; place >= at; place--) {
      into[place] = (char) ('0' + value % 10);
      value /= 10;
    }
  }
}
