{#- A city for comparison: as a name, with the words that maps and people shorten in their short form:
    n s e w, st ste mt ft, hts spgs twp. -#}
{% macro normalize_place(place) -%}
    nullif({{ rewritten(without_accents(place), [
        ['\\b(?:(n)orth|(s)outh|(e)ast|(w)est)\\b', '\\1\\2\\3\\4'],
        ['\\b(?:(s)ain(te?)|(m)oun(t)|(f)or(t))\\b', '\\1\\2\\3\\4\\5\\6'],
        ['\\b(?:(h)eigh(ts)|(sp)rin(gs)|(t)o(w)nshi(p))\\b', '\\1\\2\\3\\4\\5\\6\\7'],
        ['[^\\pL\\pN]', ''],
    ]) }}, '')
{%- endmacro %}
