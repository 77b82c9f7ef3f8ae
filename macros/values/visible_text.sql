{#- Text without what no person typed: a form's or an export's escapes are the characters that they
    stand for, blanks of all widths are plain ones, and what nobody sees is gone. Tabs and line ends
    stay, and so do the joiners: scripts of Asia and emoji are spelt with them. Plain text, which most
    is, is passed on as it is.
    The escapes are those that are certain: HTML's for its own signs, those of a spreadsheet's XML
    (_x000D_), and JSON's where each backslash begins one. `&amp;` comes last: it is never read twice. -#}
{% macro visible_text(text) -%}
    {%- set blanks = '[\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}]' -%}
    {%- set unseen = [
        '\\x{00}-\\x{08}\\x{0b}\\x{0c}\\x{0e}-\\x{1f}\\x{7f}-\\x{9f}',
        '\\x{ad}\\x{61c}\\x{180e}\\x{200b}\\x{200e}\\x{200f}\\x{202a}-\\x{202e}',
        '\\x{2060}-\\x{2064}\\x{2066}-\\x{206f}\\x{feff}\\x{fff9}-\\x{fffb}',
        '\\x{115f}\\x{1160}\\x{3164}\\x{ffa0}',
    ] | join -%}
    {%- set rewritings = [
        ['(?i)(?:_x000d_|_x000a_)+\\n?', "'\\n'"],
        ['(?i)&(?:lt|#0*60|#x3c);', "'<'"],
        ['(?i)&(?:gt|#0*62|#x3e);', "'>'"],
        ['(?i)&(?:quot|#0*34|#x22);', "'\"'"],
        ['(?i)&(?:apos|rsquo|#0*39|#0*8217|#x27|#x2019);', "\"'\""],
        [blanks ~ '|(?i:&(?:nbsp|#0*160|#xa0);|_x0009_)', "' '"],
        ['[' ~ unseen ~ ']|_x00[01][0-9A-Fa-f]_', "''"],
        ['(?i)&(?:amp|#0*38|#x26);', "'&'"],
    ] -%}
    {%- set plain = namespace(text=without_json_escapes(text)) -%}
    {%- for pattern, replacement in rewritings -%}
        {%- set plain.text = 'regexp_replace(' ~ plain.text ~ ", r'" ~ pattern ~ "', " ~ replacement ~ ')' -%}
    {%- endfor -%}
    if(
            regexp_contains({{ text }}, r'[^ -~]|&|\\|_x00'),
            {{ plain.text }},
            {{ text }}
        )
{%- endmacro %}

{% macro without_json_escapes(text) -%}
    {%- set escape = '\\\\u[0-9A-Ca-cEFef][0-9A-Fa-f]{3}' -%}
    if(
                    regexp_contains({{ text }}, r'^(?:[^\\"\pC]|{{ escape }})*{{ escape }}(?:[^\\"\pC]|{{ escape }})*$'),
                    json_value(concat('["', {{ text }}, '"]'), '$[0]'),
                    {{ text }}
                )
{%- endmacro %}
