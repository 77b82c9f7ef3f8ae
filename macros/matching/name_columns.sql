{#- The match columns of a person's name, the same on both sides. A generation suffix tells people of
    one name apart and is cut from the names; own_suffix is the column of a source that keeps it by
    itself. -#}
{% macro name_columns(first_name, last_name, own_suffix='cast(null as string)') -%}
{{ normalize_name(without_suffix(first_name)) }} as first_name_key,
{{ normalize_name(without_suffix(last_name)) }} as last_name_key,
coalesce(
    {{ suffix_of("concat('. ', " ~ own_suffix ~ ")") }},
    {{ suffix_of(last_name) }},
    {{ suffix_of(first_name) }}
) as name_suffix,
{{ part_of_double_name(last_name, '^ +(\\S+)') }} as last_name_first_part,
{{ part_of_double_name(last_name, '(\\S+) +$') }} as last_name_last_part
{%- endmacro %}

{% macro suffix_pattern() %}
    {{ return('(?:junior|jnr|jr|senior|snr|sr|2nd|3rd|4th|iii|ii|iv)') }}
{% endmacro %}

{#- The suffix inside a name as jr, sr, ii, iii or iv. The first word is a name, whatever it says:
    people are called Junior, and Sr. Maria is a nun. The pattern has no group: of one with classes such
    as \pL the emulator returns none. -#}
{% macro suffix_of(name) -%}
case lower(regexp_replace(
    regexp_extract({{ name }}, r'(?i)[^\pL\pN]{{ suffix_pattern() }}(?:[^\pL\pN]|$)'),
    r'[^\pL\pN]',
    ''
))
    when 'junior' then 'jr'
    when 'jnr' then 'jr'
    when 'jr' then 'jr'
    when 'senior' then 'sr'
    when 'snr' then 'sr'
    when 'sr' then 'sr'
    when '2nd' then 'ii'
    when 'ii' then 'ii'
    when '3rd' then 'iii'
    when 'iii' then 'iii'
    when '4th' then 'iv'
    when 'iv' then 'iv'
end
{%- endmacro %}

{#- A name without the suffix inside it. -#}
{% macro without_suffix(name) -%}
regexp_replace({{ name }}, r'(?i)([^\pL\pN]){{ suffix_pattern() }}([^\pL\pN]|$)', r'\1\2')
{%- endmacro %}
