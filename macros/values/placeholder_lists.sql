{#- The seed placeholders as one row of arrays, a kind each, for a cross join: every value of a record is
    held against them. -#}
{% macro placeholder_lists() -%}
select
        array_agg(if(kind = 'email', lower(value), null) ignore nulls) as placeholder_emails,
        array_agg(if(kind = 'email_word', value, null) ignore nulls) as placeholder_email_words,
        array_agg(if(kind = 'date_of_birth', value, null) ignore nulls) as placeholder_births,
        array_agg(if(kind = 'text', {{ bare_text('value') }}, null) ignore nulls) as placeholder_texts,
        array_agg(
            if(kind in ('text', 'word'), {{ bare_text('value') }}, null) ignore nulls
        ) as placeholder_words,
    from {{ ref('placeholders') }}
{%- endmacro %}
