{#- The first or the last part of a double name (Garcia Lopez, Garcia-Lopez), as the pattern says; null
    for a single name and for a part of fewer than three letters. Particles are no parts: all the world
    is called de or van. Single names, which most are, are let go before they are taken apart. -#}
{% macro part_of_double_name(last_name, pattern) -%}
{%- set double_name -%}
regexp_extract(
    regexp_replace({{ without_suffix(last_name) }}, r"['’‘`´]", ''),
    r'(?s)^.*[\pL\pN][^\pL\pM\pN]+[\pL\pN].*$'
)
{%- endset -%}
{%- set part -%}
regexp_extract(
    regexp_replace(
        concat(' ', regexp_replace({{ double_name }}, r'[^\pL\pM\pN]+', '  '), ' '),
        r'(?i) (?:{{ name_particles() | join("|") }}) ',
        ''
    ),
    r'{{ pattern }}'
)
{%- endset -%}
regexp_extract({{ normalize_name(part) }}, r'^.{3,}$')
{%- endmacro %}

{% macro name_particles() %}
    {{ return([
        'da', 'das', 'de', 'del', 'dela', 'della', 'delle', 'degli', 'den', 'der', 'des', 'di', 'do',
        'dos', 'du', 'el', 'al', 'la', 'las', 'le', 'les', 'lo', 'los', 'mac', 'mc', 'fitz', 'san', 'santa',
        'santo', 'saint', 'st', 'ste', 'ten', 'ter', 'van', 'vande', 'vander', 'von', 'vom', 'zu', 'zum',
        'zur', 'y', 'e', 'i', 'abu', 'abd', 'bin', 'binti', 'bint', 'ben', 'ibn', 'bar', 'ap', 'o',
    ]) }}
{% endmacro %}
