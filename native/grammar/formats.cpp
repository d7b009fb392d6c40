#include "grammar/formats.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "grammar/pattern_tree.h"

namespace lt::grammar {
namespace {

using std::string;
using std::to_string;

constexpr const char *hour = "(?:[01]\\d|2[0-3])", *minute = "[0-5]\\d", *fraction = "(?:\\.\\d+)?";
constexpr const char* octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";

// RFC 3339. The 29th of February by the Gregorian calendar.
string date() {
  const string leap_year = "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
  const string days = "(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8])";
  return "(?:\\d{4}-(?:" + days + ")|" + leap_year + "-02-29)";
}

string time_of_day() { return string(hour) + ":" + minute + ":[0-5]\\d" + fraction + "(?:[Zz]|[+-]" + hour + ":" + minute + ")"; }

string two_digits(int n) { return {static_cast<char>('0' + n / 10), static_cast<char>('0' + n % 10)}; }

// Second 60 comes at 23:59 UTC alone. Which minute it comes in goes with the offset's minutes, and which hour with its hours.
string leap_second_by_minutes() {
  const string second = string(":60") + fraction;
  string all = string(hour) + ":59" + second + "(?:[Zz]|[+-]" + hour + ":00)";
  for (int m = 1; m < 60; ++m) {
    all += "|" + string(hour) + ":" + two_digits(m - 1) + second + "\\+" + hour + ":" + two_digits(m);
    all += "|" + string(hour) + ":" + two_digits(59 - m) + second + "-" + hour + ":" + two_digits(m);
  }
  return all;
}
string leap_second_by_hours() {
  const string second = string(":60") + fraction;
  string all = "23:59" + second + "[Zz]";
  for (int h = 0; h < 24; ++h) {
    all += "|" + two_digits((23 + h) % 24) + ":59" + second + "\\+" + two_digits(h) + ":00";
    all += "|" + two_digits(h) + ":" + minute + second + "\\+" + two_digits(h) + ":(?:0[1-9]|[1-5]\\d)";
    all += "|" + two_digits(23 - h) + ":" + minute + second + "-" + two_digits(h) + ":" + minute;
  }
  return all;
}

// RFC 3339, appendix A.
string duration() {
  const string time = "T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)";
  const string days = "(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)";
  return "P(?:" + days + "(?:" + time + ")?|" + time + "|\\d+W)";
}

// RFC 1123, section 2.1; `more`: further letters.
string domain(const string& more) {
  const string letter = "[A-Za-z0-9" + more + "]", label = letter + "(?:[A-Za-z0-9\\-" + more + "]{0,61}" + letter + ")?";
  return label + "(?:\\." + label + ")*";
}

string ipv4() { return string(octet) + "(?:\\." + octet + "){3}"; }

// RFC 4291, section 2.2, by the rules of RFC 3986.
string ipv6() {
  const string h = "[0-9A-Fa-f]{1,4}", two = "(?:" + h + ":" + h + "|" + ipv4() + ")";
  const auto led_by = [&](int groups) { return groups == 0 ? string() : "(?:(?:" + h + ":){0," + to_string(groups - 1) + "}" + h + ")?"; };
  string all = "(?:" + h + ":){6}" + two;
  for (int lead = 0; lead <= 5; ++lead) all += "|" + led_by(lead) + "::(?:" + h + ":){" + to_string(5 - lead) + "}" + two;
  return "(?:" + all + "|" + led_by(6) + "::" + h + "|" + led_by(7) + "::)";
}

// RFC 3986, appendix A; `wide`: RFC 3987, which has characters beyond ASCII.
string uri(bool wide, bool reference) {
  string beyond = wide ? "\\u{a0}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{ffef}" : "";
  for (int plane = 1; wide && plane < 14; ++plane) {
    const string digits{"0123456789abcde"[plane]};
    beyond += "\\u{" + digits + "0000}-\\u{" + digits + "fffd}";
  }
  if (wide) beyond += "\\u{e1000}-\\u{efffd}";
  const string unreserved = "A-Za-z0-9._~\\-" + beyond, marks = "!$&'()*+,;=";
  const auto one_of = [&](const string& more) { return "(?:[" + unreserved + marks + more + "]|%[0-9A-Fa-f]{2})"; };
  const string p = one_of(":@"), segments = "(?:/" + p + "*)*";
  const string future = "[vV][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:\\-]+";
  const string host = "(?:\\[(?:" + ipv6() + "|" + future + ")\\]|" + one_of("") + "*)";
  const string authority = "(?:" + one_of(":") + "*@)?" + host + "(?::\\d*)?";
  const string absolute = "/(?:" + p + "+" + segments + ")?";
  const string of_query = wide ? "\\u{e000}-\\u{f8ff}\\u{f0000}-\\u{ffffd}\\u{100000}-\\u{10fffd}" : "";
  const string tail = "(?:\\?(?:[/?" + of_query + "]|" + p + ")*)?(?:#(?:[/?]|" + p + ")*)?";
  const string full = "[A-Za-z][A-Za-z0-9+.\\-]*:(?://" + authority + segments + "|" + absolute + "|" + p + "+" + segments + "|)" + tail;
  if (!reference) return full;
  return full + "|(?://" + authority + segments + "|" + absolute + "|" + one_of("@") + "+" + segments + "|)" + tail;
}

// RFC 5321, section 4.1.2: a mailbox; `more`: further letters (RFC 6531).
string mailbox(const string& more) {
  const string atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-" + more + "]+";
  const string quoted = "\"(?:[ !#-\\[\\]-~" + more + "]|\\\\[ -~])*\"";
  return "(?:" + atom + "(?:\\." + atom + ")*|" + quoted + ")@(?:" + domain(more) + "|\\[(?:" + ipv4() + "|IPv6:" + ipv6() + ")\\])";
}

// RFC 6570, section 2.
string uri_template() {
  const string letter = "(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})", name = letter + "(?:\\.?" + letter + ")*(?::[1-9]\\d{0,3}|\\*)?";
  const string literal = "[!#$&-;=?-\\[\\]_a-z~\\u{a0}-\\u{d7ff}\\u{e000}-\\u{fdcf}\\u{fdf0}-\\u{ffef}\\u{10000}-\\u{10ffff}]";
  return "(?:" + literal + "|%[0-9A-Fa-f]{2}|\\{[+#./;?&=,!@|]?" + name + "(?:," + name + ")*\\})*";
}

// RFC 6901; and relative ones.
string json_pointer() { return "(?:/(?:[^~/]|~[01])*)*"; }

constexpr const char* beyond_ascii = "\\u{80}-\\u{d7ff}\\u{e000}-\\u{10ffff}";

struct Named {
  std::string_view name;
  string (*pattern)();
};
const std::array patterns{
    Named{"date", date},
    Named{"duration", duration},
    Named{"email", [] { return mailbox(""); }},
    Named{"idn-email", [] { return mailbox(beyond_ascii); }},
    Named{"ipv4", ipv4},
    Named{"ipv6", ipv6},
    Named{"uuid", [] { return string("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"); }},
    Named{"uri", [] { return uri(false, false); }},
    Named{"url", [] { return uri(false, false); }},
    Named{"uri-reference", [] { return uri(false, true); }},
    Named{"iri", [] { return uri(true, false); }},
    Named{"iri-reference", [] { return uri(true, true); }},
    Named{"uri-template", uri_template},
    Named{"json-pointer", json_pointer},
    Named{"relative-json-pointer", [] { return "(?:0|[1-9]\\d*)(?:#|" + json_pointer() + ")"; }},
    Named{"byte", [] { return string("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"); }},
};
constexpr std::array<std::string_view, 3> composed{"time", "date-time", "hostname"};
constexpr std::array<std::string_view, 5> any{"password", "binary", "float", "double", "text"};
constexpr std::array<std::string_view, 2> refused{"regex", "idn-hostname"};

Expression whole(const string& pattern, const Alphabet& letters) { return texts_of(parse_ecma(pattern), letters, false); }

Expression times(const Alphabet& letters) {
  Expressions& e = letters.expressions();
  const Expression leap = e.both(std::array{whole(leap_second_by_minutes(), letters), whole(leap_second_by_hours(), letters)});
  return e.either(std::array{whole(time_of_day(), letters), leap});
}

}  // namespace

FormatKind kind_of_format(std::string_view name) {
  const auto has = [&](const auto& names) { return std::find(names.begin(), names.end(), name) != names.end(); };
  if (has(composed) || std::any_of(patterns.begin(), patterns.end(), [&](const Named& n) { return n.name == name; }))
    return FormatKind::enforced;
  return has(any) ? FormatKind::any : has(refused) ? FormatKind::refused : FormatKind::unknown;
}

Expression strings_of_format(std::string_view name, const Alphabet& letters) {
  Expressions& e = letters.expressions();
  if (name == "time") return times(letters);
  if (name == "date-time") return e.sequence(std::array{whole(date() + "[Tt]", letters), times(letters)});
  if (name == "hostname") {
    // RFC 5890 keeps what has -- in the third and fourth place for itself.
    const Expression reserved = e.sequence(whole("(?:[^]*\\.)?[^.]{2}--", letters), Expressions::anything);
    return e.both(std::array{whole(domain(""), letters), whole("[^]{1,253}", letters), e.except(reserved)});
  }
  return whole(std::find_if(patterns.begin(), patterns.end(), [&](const Named& n) { return n.name == name; })->pattern(), letters);
}

}  // namespace lt::grammar
