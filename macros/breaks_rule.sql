{#- Whether HubSpot would refuse a value under one of its validation rules, or beside a list of options;
    null where SQL cannot tell: regular expressions, dates, and what HubSpot does not document. -#}
{% macro breaks_rule(value, rule, arguments) -%}
    {%- set argument = arguments ~ '[safe_offset(0)]' -%}
    case {{ rule }}
        when 'PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE'
            then not regexp_contains({{ value }}, r'^\+[1-9][0-9]{6,14}$')
        when 'MAX_LENGTH' then char_length({{ value }}) > safe_cast({{ argument }} as int64)
        when 'MIN_LENGTH' then char_length({{ value }}) < safe_cast({{ argument }} as int64)
        when 'MAX_NUMBER' then {{ read_number(value) }} > {{ read_number(argument) }}
        when 'MIN_NUMBER' then {{ read_number(value) }} < {{ read_number(argument) }}
        when 'ALPHANUMERIC' then not regexp_contains(
            {{ value }},
            case {{ argument }}
                when 'ALPHA_ONLY' then r'^\pL+$' when 'NUMERIC_ONLY' then r'^\pN+$' else r'^[\pL\pN]+$'
            end
        )
        when 'FORMAT' then {{ value }} != case {{ argument }}
            when 'UPPER' then upper({{ value }}) when 'LOWER' then lower({{ value }})
        end
        when 'WHITESPACE' then regexp_contains(
            {{ value }}, if({{ argument }} = 'TRIM', r'^\s|\s$', r'\s')
        )
        when 'OPTIONS' then exists(
            select 1
            from unnest(split({{ value }}, ';')) as choice
            where choice not in unnest({{ arguments }})
        )
    end
{%- endmacro %}
