{#- Months as dates: dbt's dateadd returns a timestamp on some engines. -#}
{% macro add_months(column, months) -%}
    {{ return(adapter.dispatch('add_months')(column, months)) }}
{%- endmacro %}


{% macro default__add_months(column, months) -%}
    cast({{ dbt.dateadd('month', months, column) }} as date)
{%- endmacro %}


{#- There dbt's dateadd refuses a date that is unknown. -#}
{% macro spark__add_months(column, months) -%}
    add_months({{ column }}, {{ months }})
{%- endmacro %}


{% macro month_end(column) -%}
    {{ return(adapter.dispatch('month_end')(column)) }}
{%- endmacro %}


{% macro default__month_end(column) -%}
    cast({{ dbt.last_day(column, 'month') }} as date)
{%- endmacro %}


{% macro spark__month_end(column) -%}
    last_day({{ column }})
{%- endmacro %}


{#- The greatest of some rows is that of the latest month and, in it, of the topmost territory. -#}
{% macro precedence(periods, territories) -%}
    {{ periods }}.period_code * 10 + 9 - {{ territories }}.depth
{%- endmacro %}


{% macro year_of(column) -%}
    cast(extract(year from {{ column }}) as integer)
{%- endmacro %}


{% macro month_of(column) -%}
    cast(extract(month from {{ column }}) as integer)
{%- endmacro %}


{% macro first_of_year(column) -%}
    cast({{ dbt.date_trunc('year', column) }} as date)
{%- endmacro %}


{% macro first_of_month(column) -%}
    cast({{ dbt.date_trunc('month', column) }} as date)
{%- endmacro %}


{#- A month as readers choose it from a list: sorts by time, reads alike in ru and kk. -#}
{% macro period_label(periods) -%}
    concat(
        cast({{ periods }}.year_number as {{ dbt.type_string() }}),
        '-',
        lpad(cast({{ periods }}.month_number as {{ dbt.type_string() }}), 2, '0')
    )
{%- endmacro %}
