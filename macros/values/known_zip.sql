{#- A zip code as it is written; null where it is a word for none, or zeros or nines and nothing else. -#}
{% macro known_zip(zip, words) -%}
    if(
            coalesce({{ bare_text(zip) }} in unnest({{ words }}), false)
            or regexp_contains({{ bare_text(zip) }}, r'^(?:0+|9+)$'),
            null,
            {{ zip }}
        )
{%- endmacro %}
