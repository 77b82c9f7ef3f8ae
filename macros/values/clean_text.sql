{#- Text as a person meant it: what no person typed is taken out, blanks at the ends too; null where
    nothing is left, or nothing but a word for null. `text` is a column: it is named several times. -#}
{% macro clean_text(text) -%}
    nullif(regexp_replace({{ trim_text(visible_text(text)) }}, r'{{ null_words() }}', ''), '')
{%- endmacro %}

{#- What programs write for null, alone in a cell, and a cell of nothing but punctuation. Nan, Nat and
    Na are people's names when written as names; Blank and Empty are nothing within brackets only. -#}
{% macro null_words() %}
    {%- set words = [
        '[-+]?(?:nan|NaN|NAN)|nat|NaT|NAT',
        '(?i:null|none|nil|undefined|#?n[/\\\\]a|#na|\\\\n|#ref!|#value!|#name\\?|#num!|#null!|#div/0!)',
    ] -%}
    {%- set bracketed = '(?i:null|none|nil|undefined|n/?a|nan|nat|blank|empty|not set|no value)' -%}
    {{ return(
        '^[\\x22\\x27]?(?:' ~ words | join('|') ~ ')[\\x22\\x27]?$'
        ~ '|^[(<{\\[]+' ~ bracketed ~ '[)>}\\]]+$'
        ~ '|^[!-/:-@\\[-`{-~\\s\\x{2010}-\\x{2015}\\x{2026}]+$'
    ) }}
{% endmacro %}
