{#- A day, with a time and a zone where it has them, in the one spelling that the readers take:
    `2024-01-15`, `2024-01-15 15:04:05.5` or `2024-01-15 03:04:05 pm`, with `+00:00` after it where it
    says its zone. Programs write them in many ways (tests/properties lists them); text in none of these
    is no day, and the readers say so. A year of two digits would be a guess; a time of the twelve-hour
    clock keeps whole seconds. What most columns hold goes a short way. -#}
{% macro iso_time(text) -%}
    case
            when regexp_contains({{ text }}, r'^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?Z?)?$')
                then replace(replace({{ text }}, 'T', ' '), 'Z', '+00:00')
            else {{ iso_clock(iso_day("regexp_replace(lower(" ~ text ~ "), r'[\\s,]+', ' ')")) }}
        end
{%- endmacro %}

{#- The first of a list of rewritings, pattern and replacement each, whose pattern the text meets. -#}
{% macro rewritten_once(text, rewritings) -%}
    case
                    {%- for pattern, replacement in rewritings %}
                    when regexp_contains({{ text }}, r'{{ pattern }}')
                        then regexp_replace({{ text }}, r'{{ pattern }}', r'{{ replacement }}')
                    {%- endfor %}
                    else {{ text }}
                end
{%- endmacro %}

{#- A day at the beginning as 2024-01-15: written with slashes or dashes, without separators, or with
    the month's name, and after the day of the week where a program prints that. -#}
{% macro iso_day(text) -%}
    {%- set month = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\\.?' -%}
    {%- set weekday = '^(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\\.? )?' -%}
    {%- set rest = '($| .*?)(?: \\([^)]*\\))?$' -%}
    {%- set named = rewritten_once(text, [
        [weekday ~ month ~ ' (\\d{1,2}) ([\\d:]+) (\\d{4})$', '\\4-\\1-\\2 \\3'],
        [weekday ~ month ~ ' (\\d{1,2})(?:st|nd|rd|th)? (\\d{4})' ~ rest, '\\3-\\1-\\2\\4'],
        [weekday ~ '(\\d{1,2})[ -]' ~ month ~ '[ -](\\d{4})' ~ rest, '\\3-\\2-\\1\\4'],
        ['^(\\d{4})[/.-]' ~ month ~ '[/.-](\\d{1,2})' ~ rest, '\\1-\\2-\\3\\4'],
    ]) -%}
    {%- set in_digits = rewritten_once(text, [
        ['^(\\d{1,2})[/-](\\d{1,2})[/-](\\d{4})($|[ t])', '\\3-\\1-\\2\\4'],
        ['^(\\d{4})[/.-](\\d{1,2})[/.-](\\d{1,2})($|[ t])', '\\1-\\2-\\3\\4'],
        ['^(\\d{4})(\\d\\d)(\\d\\d)($|[t ]\\d\\d?:)', '\\1-\\2-\\3\\4'],
        ['^(\\d{4})(\\d\\d)(\\d\\d)[t ]?(\\d\\d)(\\d\\d)$', '\\1-\\2-\\3 \\4:\\5'],
        ['^(\\d{4})(\\d\\d)(\\d\\d)[t ]?(\\d\\d)(\\d\\d)(\\d\\d)(\\.\\d+)?(z|[+-]\\d{4})?$', '\\1-\\2-\\3 \\4:\\5:\\6\\7\\8'],
    ]) -%}
    {%- set with_month -%}
    concat(
                    substr({{ named }}, 1, 5),
                    case substr({{ named }}, 6, 3)
                        {%- for name in ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] %}
                        when '{{ name }}' then '{{ '%02d' % loop.index }}'
                        {%- endfor %}
                        else substr({{ named }}, 6, 3)
                    end,
                    substr({{ named }}, 9)
                )
    {%- endset -%}
    {{ rewritten(
        "if(regexp_contains(" ~ text ~ ", r'^(?:\\d{1,4}[ /.-])?[a-z]{3}'), " ~ with_month ~ ", " ~ in_digits ~ ")",
        [['^(\\d{4})-(\\d)-', '\\1-0\\2-'], ['^(\\d{4}-\\d\\d)-(\\d)($|[ t])', '\\1-0\\2\\3']],
    ) }}
{%- endmacro %}

{#- The time after an ISO day: hours of two digits, with seconds, am or pm after a blank, and a zone as
    +00:00 or +00. -#}
{% macro iso_clock(text) -%}
    {{ rewritten(text, [
        ['^(\\d{4}-\\d\\d-\\d\\d)(?:t| at) ?', '\\1 '],
        ['^(\\S+ )(\\d:)', '\\10\\2'],
        ['^(\\S+ \\d\\d:\\d\\d)($|[^:])', '\\1:00\\2'],
        ['^(\\S+ \\d\\d:\\d\\d:\\d\\d):(\\d)', '\\1.\\2'],
        ['^(\\S+ \\d\\d:\\d\\d:\\d\\d)(?:\\.\\d+)? ?([ap])\\.?m\\.?$', '\\1 \\2m'],
        ['(\\.\\d{6})\\d+', '\\1'],
        ['^(\\S+ [\\d:.]+) ?(?:z|utc|gmt)$', '\\1+00'],
        ['^(\\S+ [\\d:.]+) ?(?:utc|gmt)?([+-]\\d\\d)(?::?(\\d\\d))$', '\\1\\2:\\3'],
        ['^(\\S+ [\\d:.]+) ([+-]\\d\\d)$', '\\1\\2'],
    ]) }}
{%- endmacro %}
