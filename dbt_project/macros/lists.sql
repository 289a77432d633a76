{#- Texts in one cell, in the order of one or more columns of the group. -#}
{% macro texts_listed(text, order) -%}
    {{ return(adapter.dispatch('texts_listed')(text, order)) }}
{%- endmacro %}


{% macro default__texts_listed(text, order) -%}
    {{ dbt.listagg(text, "'; '", 'order by ' ~ order) }}
{%- endmacro %}


{#- There dbt's listagg knows no order. -#}
{% macro spark__texts_listed(text, order) -%}
    listagg({{ text }}, '; ') within group (order by {{ order }})
{%- endmacro %}


{#-
  Names of the units of `int_unit_coverage` in one state of their duty: not_sent, not_accepted (sent,
  but refused, returned or not yet confirmed) or accepted.
-#}
{% macro units_listed(state, language) -%}
    {{ texts_listed(
        "case when unit_coverage.state = '" ~ state ~ "' then territories.name_" ~ language ~ " end",
        'territories.name_' ~ language
    ) }}
{%- endmacro %}
