{#- Text without the characters that only steer how others are shown, joiners too: for what is
    compared, and for what has no script, such as keys and emails. -#}
{% macro without_format_characters(text) -%}
    regexp_replace({{ text }}, r'[\p{Cf}\x{00}-\x{08}\x{0b}\x{0c}\x{0e}-\x{1f}\x{7f}-\x{9f}\x{115f}\x{1160}\x{3164}\x{ffa0}\x{fe00}-\x{fe0f}]', '')
{%- endmacro %}
