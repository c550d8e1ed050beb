package openframe.peers;

import java.util.HashMap;
import java.util.Map;
import java.util.Properties;

/** The programs' arguments, {@code name=value} each. */
final class Options {
  private final Map<String, String> values = new HashMap<>();

  Options(String[] arguments) {
    for (String argument : arguments) {
      int at = argument.indexOf('=');
      if (at < 0) throw new IllegalArgumentException(argument + " is not name=value");
      values.put(argument.substring(0, at), argument.substring(at + 1));
    }
  }

  String text(String name) {
    String value = values.get(name);
    if (value == null) throw new IllegalArgumentException(name + "= is missing");
    return value;
  }

  String text(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  int number(String name) {
    return Integer.parseInt(text(name));
  }

  /** Settings of every consumer here: from the beginning, and committed by the program alone. */
  Properties consumer() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", text("bootstrap"));
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", "false");
    settings.put("max.poll.records", text("poll", "5000"));
    return settings;
  }
}
