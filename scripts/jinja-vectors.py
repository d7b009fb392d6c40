"""Writes test/fixtures/jinja.json: what Jinja2, set up by transformers, makes of many templates.

    pip install jinja2 transformers
    python scripts/jinja-vectors.py

Each vector is a template and the text that it renders to, or the name of the exception. All see the same variables.
"""

import itertools
import json
import pathlib
import random
import warnings

from transformers.utils import chat_template_utils

warnings.filterwarnings("ignore")

VARIABLES = {
    "s": "Hello, wörld! 🙂 x", "ws": "  \t a b\n\n c  ", "lines": "one\ntwo\r\nthree\n\nfour", "cs": "a,b,,c", "html": "<a href=\"x\">T&'</a>",
    "n": 5, "neg": -7, "f": 2.5, "t": True, "no": None, "l": [3, 1, 2], "ls": ["b", "A", "c", "a"], "mix": [1, "a", None, 2.5, True, [1], {"k": "v"}],
    "d": {"b": 1, "a": "x", "C": None, "items": 5}, "ld": [{"n": "x", "v": 2, "g": "A"}, {"n": "Y", "v": 1, "g": "b"}, {"n": "z", "g": "a"}],
    "nest": {"a": {"b": [{"c": 7}]}}, "tree": [{"n": 1, "c": [{"n": 2, "c": []}, {"n": 3, "c": [{"n": 4, "c": []}]}]}, {"n": 5, "c": []}],
}  # fmt: skip

VALUES = ["s", "ws", "lines", "cs", "html", "n", "neg", "f", "t", "no", "l", "ls", "mix", "d", "ld", "undef", "''", "[]", "{}", "(1,)", "range(4)", "'42'", "1e20", "'ß'", "'ΑΣ'|safe"]

FILTERS = """abs attr('n') batch(2) batch(2,'-') capitalize center(9) count default('q') default('q',true) dictsort dictsort(false,'value') dictsort(reverse=true)
e escape filesizeformat first last float float(1.5) int int(7) int(0,16) format(1) groupby('g') groupby('g',case_sensitive=true) indent indent(2,true) indent('-',blank=true)
items join join(',') join('-',attribute='n') length list lower map('upper') map(attribute='n') map(attribute='v',default=9) max max(attribute='v') min reject('odd')
rejectattr('v') replace('a','b') replace('l','LL',1) reverse round round(1,'floor') round(-1) safe select select('string') selectattr('v','defined') slice(2) slice(2,'-') sort
sort(reverse=true) sort(attribute='n') string striptags sum sum('v') title tojson tojson(indent=2) tojson(ensure_ascii=true) tojson(separators=(',',':'),sort_keys=true) trim
trim('x') truncate(5) truncate(5,true) unique upper urlencode wordcount xmlattr nope""".split()

METHODS = """capitalize() casefold() center(9,'*') count('l') endswith('x') endswith(('x','c')) expandtabs(4) find('l') find('l',4) rfind('l') index('l') isalnum() isalpha() isascii()
isdecimal() isdigit() isidentifier() islower() isnumeric() isprintable() isspace() istitle() isupper() join(ls) ljust(7,'.') lower() lstrip() lstrip('H') partition(',') rpartition(',')
removeprefix('He') removesuffix('x') replace('l','L') replace('l','L',1) rjust(22) rsplit(None,1) rsplit(',',1) rstrip('x!') split() split(',') split(',',1) split(None,2) splitlines() splitlines(true)
startswith('H') strip() strip('Hx') swapcase() title() upper() zfill(8) get('a') get('zz',3) keys() values() items() append(1) pop() update({}) copy() bit_length() is_integer() format(1)""".split()

TESTS = "odd even defined undefined none boolean true false integer float lower upper string mapping number sequence iterable callable escaped".split()

OPERATORS = "+ - * / // % ** ~ == != < <= > >= in and or".split() + ["not in"]

OPERANDS = ["0", "2", "-7", "1.5", "true", "none", "'a'", "'ab'", "[1]", "[1,2]", "(1,)", "{'a':1}", "undef", "10**20"]

FORMATS = ["%s", "%r", "%5d|", "%-5d|", "%05d", "%+d", "%x", "%#o", "%.2e", "%f", "%.3f", "%010.2f", "%g", "%#g", "%c", "%%", "%.2s|", "%a", "%(a)s", "%*d", "%s %s", "%5%"]

SPECS = ["", "5", "<5|", "^7|", "=7", "05", "+", "#x", "b", "c", ",", "_x", "010,", ".2e", ".1f", ".3", ".3g", ".1%", ".2s", "*^9", "+.2f", ",.2f", "z.1f", "g"]

NUMBERS = ["1", "-42", "255", "1.5", "-0.0", "1e16", "1e-7", "12345.678", "2.5", "10**20", "'ab'", "none", "(3,2)", "{'a':3}", "true"]

STATEMENTS = [
    "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}",
    "{% for x in l if x > 1 %}{{ x }}{{ loop.length }}{% else %}none{% endfor %}|{% for x in [] %}{% else %}empty{% endfor %}",
    "{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% if loop.index == 3 %}{% break %}{% endif %}{% else %}e{% endfor %}",
    "{% for x in l %}{% continue %}{% else %}e{% endfor %}|{% for x in l %}{% break %}{% else %}e{% endfor %}",
    "{% for x in tree recursive %}{{ x.n }}{{ loop.depth }}{{ loop.depth0 }}({{ loop(x.c) }}){% endfor %}",
    "{% for a, b in d|items %}{{ a }}={{ b }},{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in [1,1,2] %}{{ loop.changed(x) }}{{ loop.cycle('a','b') }}{% endfor %}{{ x }}",
    "{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}",
    "{% set ns = namespace(x=0) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y is defined }}{{ ns }}",
    "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a + ns.b }}{{ ns['a'] }}{% set ns._x = 1 %}",
    "{% if t %}{% set y = 1 %}{% endif %}{{ y }}{% if no %}{% set z = 1 %}{% endif %}{{ z is defined }}",
    "{% set x = 1 %}{% if t %}{% set x = 2 %}{% endif %}{{ x }}{% macro m() %}{{ x }}{% endmacro %}{% set x = 3 %}{{ m() }}",
    "{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }}{{ m(1, 3, 4, 5, z=6) }}{{ m(b=1) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}",
    "{% macro m() %}[{{ caller('x') }}]{% endmacro %}{% call(y) m() %}{{ y }}{{ s }}{% endcall %}{{ m.name }}{{ m.arguments }}{{ m.caller }}",
    "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}{{ m }}",
    "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
    "{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}{{ m is defined }}",
    "{% set b %}a{{ s }}{% endset %}{{ b }}{{ b is string }}{% set c | upper | replace('A','Q') %}aa{% endset %}{{ c }}",
    "{% filter upper | replace('A', 'b') %}a{{ s }}{% endfilter %}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% set n = 9 %}{{ n }}{% endwith %}{{ a }}{{ n }}",
    "{% with a = n, n = 3 %}{{ a }}{{ n }}{% endwith %}{{ n }}",
    "{% block x %}{{ s }}{% set q = 1 %}{% endblock %}{{ q }}{% for i in l %}{% block y scoped %}{{ i }}{% endblock %}{% endfor %}{% for i in l %}{% block z %}{{ i }}{% endblock %}{% endfor %}",
    "{% autoescape false %}{{ html }}{% endautoescape %}{% print s, n %}",
    "{% generation %}a{{ s }}{% set g = 1 %}{% endgeneration %}{{ g }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}{% set a, b = [1] %}",
    "{% if no %}{{ s|nope }}{% endif %}{{ 1 if t else s|nope }}",
    "{% for x in l %}{{ s|nope }}{% endfor %}",
    "{% if no %}{% include 'x' %}{% import 'y' as z %}{% endif %}ok",
    "{% include 'x' %}", "{% extends 'x' %}", "{% do x %}", "{% trans %}{% endtrans %}", "{% if %}", "{% for x in %}{% endfor %}", "{{ ", "{% if t %}", "{% endif %}", "{{ 1 + }}", "{{ (1 }}", "{# ", "{% raw %}",
    "{% for loop in l %}{% endfor %}", "{% for x in l %}{% set loop = 1 %}{% endfor %}", "{% break %}", "{% set true = 1 %}", "{% set d.x = 1 %}", "{% set l = l.append(1) %}", "{{ l.append(1) }}", "{{ d.update({}) }}",
    "{{ s.__class__ }}{{ s.__class__.__name__ }}", "{{ undef }}{{ undef|list }}{{ undef == undef2 }}{{ not undef }}", "{{ undef.x }}", "{{ undef['x'] }}", "{{ undef + 1 }}", "{{ undef() }}", "{{ d.zz }}{{ d['zz'] }}{{ d.zz.y }}",
    "{{ d.items }}", "{{ d['items'] }}{{ nest.a.b[0].c }}{{ nest['a']['b'][-1]['c'] }}{{ l.0 }}{{ l[99] }}{{ n.x }}{{ no.x }}", "{{ l[:2] }}{{ l[::-1] }}{{ l[-2:] }}{{ s[1:4] }}{{ s[::-2] }}{{ s[14] }}{{ range(10)[2:8:3] }}{{ l[::0] }}",
    "{{ n[:1] }}", "{{ 1 < 2 < 3 }}{{ 1 < 3 < 2 }}{{ 2 in l in [l] }}{{ 1 == 1.0 == true }}{{ 'b' > 'a' != 'c' }}", "{{ 2 ** 3 ** 2 }}{{ -2 ** 2 }}{{ 7 // -2 }}{{ -7 % 3 }}{{ 7 / 2 }}{{ 2 ** -1 }}{{ -1|abs }}{{ 1 ~ 2 + 3 }}",
    "{{ {'a': 1, 'a': 2, 1: 'x', true: 'y'} }}{{ (1,) }}{{ () }}{{ [1, [2], {'k': none}] }}{{ 'it\\'s' }}{{ ['it\\'s', '\"', '\\n', '\\x00', 'é', '🙂', '\\u200b'] }}",
    "{{ 'a' 'b' \"c\" }}{{ '\\x41\\u00e9\\U0001F642\\101\\q\\\\' }}{{ 1_000 }}{{ 0x1F }}{{ 0b101 }}{{ 0o17 }}{{ 1.5e3 }}{{ 1e16 }}{{ 1e-5 }}{{ 0.1 + 0.2 }}{{ 100000000000000000000.0 }}",
    "{{ cycler('a','b').next() }}{% set c = cycler(1,2) %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}{% set j = joiner('|') %}{{ j() }}{{ j() }}",
    "{{ dict(a=1, **{'b': 2}) }}{{ dict.fromkeys('ab', 0) }}{{ dict([(1, 2)]) }}{{ range(3)|list }}{{ range(5, 0, -2)|list }}", "{{ range(1000000) }}", "{{ range(0.5) }}", "{{ raise_exception('no') }}", "{{ namespace(_a=1) }}",
    "{{ '{} {1}'.format(1, 2) }}", "{{ '{} {} {a!r:>5} {b[0]} {c.a}'.format(1, 'x', a='q', b=l, c=nest) }}{{ '{{}}'.format() }}{{ '{:{w}}|'.format(3, w=5) }}", "{{ '{}'.format() }}", "{{ s.format_map({}) }}{{ '{a}'.format_map({'a': 1}) }}",
    "{{ ('<b>'|safe) + '<i>' }}{{ '<i>' + ('<b>'|safe) }}{{ ('%s<'|safe) % '<' }}{{ ('-'|safe).join(['<', '<b>'|safe]) }}{{ ('<'|safe) ~ '<' }}{{ ('<'|safe)|replace('<','>') }}{{ ['<'|safe] }}",
    "{{ strftime_now('%%') }}{{ 'x' is filter }}{{ 'upper' is filter }}{{ 'odd' is test }}{{ 1 is divisibleby 1 }}{{ 4 is divisibleby(2) }}{{ 1 is in [1] }}{{ 1 is not in [1] }}{{ 1 is sameas 1 }}{{ 1 is eq(1) and 2 is gt 1 }}",
    "{{ 1 if no }}{{ (1 if no) is undefined }}{{ [1 if no else 2] }}{{ 'a' if t else 'b' if no else 'c' }}", "{{ f(*l) }}", "{{ '%s-%s'|format(*[1, 2]) }}{{ dict(**d) }}{{ 'a b'.split(sep=' ', maxsplit=1) }}{{ 'x'.center(3, fillchar='-') }}",
    "{{ l is iterable and l is not string }}{{ not t or n }}{{ t and n and '' }}{{ no or 0 or 'z' }}{{ not not l }}{{ n is number is true }}",
    "{{ d|dictsort|tojson }}{{ ld|groupby('g')|map(attribute='grouper')|join(',') }}{{ (ld|groupby('g'))[0].list }}{{ ls|sort|join }}{{ ls|sort(case_sensitive=true)|join }}{{ mix|map('string')|join(',') }}",
    "{{ l|map('odd') }}{{ l|map('nope')|list }}", "{{ d|tojson|safe|length }}{{ mix|tojson(indent=1) }}{{ {'b':1,'a':[]}|tojson(sort_keys=true, indent=2) }}{{ '</script>\\u2028é'|tojson }}{{ (1.0, 1e16, 1e-7, 100000000000000000000)|tojson }}", "{{ undef|tojson }}", "{{ l.index(2) }}{{ l.count(2) }}{{ l.index(9) }}",
    "{% set x = namespace(l=[]) %}{% for i in l %}{% set x.l = x.l + [i] %}{% endfor %}{{ x.l }}{% set x.x = x %}{{ x.x.x.l }}{{ x }}",
]  # fmt: skip

WHITESPACE = [a + b + c for a, b, c in itertools.product(["x\n", "x  \n  ", "  ", ""], ["{% if t %}", "{%- if t -%}", "{%+ if t +%}", "{%- if t %}"], ["\n y\n{% endif %}\nz\n", "  y  {%- endif -%}  z\n\n", "\n\n  {% endif %}  \n"])]
WHITESPACE += [a + b + c for a, b, c in itertools.product(["x \n  ", ""], ["{{ n }}", "{{- n -}}", "{{+n}}", "{# c #}", "{#- c -#}", "{#+ c +#}", "{#-#}", "{% raw %} {{ a }} {% endraw %}", "{%- raw -%} {% b {%- endraw -%}", "{%+ raw %}\n{# {%+ endraw +%}"], ["\n  y", "  \n", "\n"])]
WHITESPACE += [t.replace("\n", e) for t in WHITESPACE[::5] for e in ("\r\n", "\r")]


# Filters that put text into lines and links, over texts and values made of what they cut at.
PIECES = ["a", "b-c", "--", "---", "-", "word", "well-known", " ", "  ", "\n", "\r\n", "\t", "\xa0", "\u3000", "é", "🙂", "x" * 30, "http://x.com", "www.a.org/b", "https://1.2.3.4:80/p?q", "me@x.com", "mailto:a.b@c.de",
          "(", ")", "<", ">", ".", ",", "&", "'", '"', "ftp://x", "@", "_", "9", "ſ", "\u212a", "foo.com", "a.\u0130nfo", "&gt;", "HTTP://B.C", "http://[1:2:3::]", "\\", "\u2028", "the-end.", "1-2", "a-1-b", "ab-cd-ef"]  # fmt: skip
WRAPS = "wordwrap wordwrap(1) wordwrap(7) wordwrap(12,false) wordwrap(9,true,'|') wordwrap(9,wrapstring='<'|safe) wordwrap(10,true,none,false) wordwrap(10,break_on_hyphens=1) wordwrap(0) wordwrap(9,true,3)".split()
LINKS = ["urlize", "urlize(7)", "urlize(-3)", "urlize(5,true)", "urlize(none,true,'_b<','x a x')", "urlize(extra_schemes=['ftp:','a+b:/'])", "urlize(extra_schemes=['x'])", "urlize(rel=1)", "urlize(target=1)"]
PRINTED = ["%s", "[%s, 1, none]", "(%s,)", "{1: %s, none: 2, 'z': 'w w ' * 25, 2.5: true}", "{(1, 2): %s, (0,): 'x' * 90}", "[[%s]] * 4", "{'b': {'c': {'d': %s}}, 'a': [2.5, 10**30]}", "(%s)|safe", "{'a': %s}.items()", "[{'g': %s}]|groupby('g')", "namespace(a=%s)"]


def lines_and_links():
    pick = random.Random(12)
    quoted = lambda most: repr("".join(pick.choices(PIECES, k=pick.randint(0, most))))  # noqa: E731
    for f in WRAPS + LINKS:
        for _ in range(24):
            yield "{{ (%s)|%s }}" % (quoted(25), f)
        for v in VALUES:
            yield "{{ (%s)|%s }}" % (v, f)
    for p in PRINTED:
        for v in VALUES:
            yield "{{ (%s)|pprint }}" % (p % v)
        for _ in range(20):
            yield "{{ (%s)|pprint }}" % (p % quoted(40))


def templates():
    yield from STATEMENTS
    yield from WHITESPACE
    pick = random.Random(11)
    for f in FILTERS:
        shows = "|list" if f.split("(")[0] in {"batch", "items", "map", "reject", "rejectattr", "select", "selectattr", "slice", "unique", "reverse"} else ""
        for v in pick.sample(VALUES, 12):
            yield "{{ (%s)|%s%s }}" % (v, f, shows)
    for m in METHODS:
        for v in pick.sample(VALUES, 5) + ["s", "cs"]:
            yield "{{ (%s).%s }}" % (v, m)
    for t in TESTS:
        for v in VALUES:
            yield "{{ (%s) is %s }}" % (v, t)
    for o in OPERATORS:
        for a, b in pick.sample(list(itertools.product(OPERANDS, OPERANDS)), 70):
            if o == "**" and "**" in a + b or o == "*" and "10**20" in a + b:
                continue
            yield "{{ (%s) %s (%s) }}" % (a, o, b)
    for v in NUMBERS:
        yield "{{ (%s)|string }} {{ [%s] }} {{ (%s)|tojson }}" % (v, v, v)
        for f in FORMATS:
            yield "{{ %r %% (%s) }}" % (f, v)
        for s in SPECS:
            yield "{{ %r.format(%s) }}" % ("{:" + s + "}", v)
        for p in (-2, 0, 1, 3):
            yield "{{ (%s)|round(%d) }} {{ (%s)|round(%d, 'ceil') }}" % (v, p, v, p)
    yield from lines_and_links()


def vector(template):
    try:
        return [template, {"text": chat_template_utils._cached_compile_jinja_template(template).render(**json.loads(json.dumps(VARIABLES)))}]
    except Exception as error:  # noqa: BLE001
        return [template, {"error": type(error).__name__}]


def main():
    vectors = [vector(template) for template in dict.fromkeys(templates())]
    kept = [v for v in vectors if " at 0x" not in v[1].get("text", "")]
    out = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "jinja.json"
    lines = ",\n".join(json.dumps(v, ensure_ascii=False) for v in kept)
    out.write_text('{"variables":%s,\n"vectors":[\n%s\n]}\n' % (json.dumps(VARIABLES, ensure_ascii=False), lines), encoding="utf-8")
    print(len(kept), sum("error" in v[1] for v in kept))


main()
