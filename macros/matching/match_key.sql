{#-
    One text key for an equality join: the kind and its parts, null where any part is unknown.
    The unit separator cannot occur in a normalised part, so no two different lists of parts
    give one key.
-#}
{% macro match_key(kind, parts) -%}
    concat('{{ kind }}:', {{ parts | join(", '|', ") }})
{%- endmacro %}
