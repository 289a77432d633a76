{#- Numbers and sentences that the marts say in words; the words come from contracts. -#}

{#-
  Rounded to tenths, halves away from zero. Engines that round the decimal text of a double, not
  its tenfold, would end on another digit now and then.
-#}
{% macro tenths(column) -%}
    {{ return(adapter.dispatch('tenths')(column)) }}
{%- endmacro %}


{% macro default__tenths(column) -%}
    round({{ column }}, 1)
{%- endmacro %}


{% macro spark__tenths(column) -%}
    (round(10 * ({{ column }})) / 10)
{%- endmacro %}


{#- A number with at most one decimal and none when it is whole; a comma but in English. -#}
{% macro number_text(column, language) -%}
    {%- set rounded = 'cast(' ~ tenths(column) ~ ' as decimal(18, 1))' -%}
    {%- set text = 'cast(' ~ rounded ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    case
        when {{ tenths(column) }} = round({{ column }}, 0)
            then cast(cast(round({{ column }}, 0) as bigint) as {{ dbt.type_string() }})
        else {{ text if language == 'en' else "replace(" ~ text ~ ", '.', ',')" }}
    end
{%- endmacro %}


{% macro signed_text(column, language) -%}
    concat(case when {{ tenths(column) }} > 0 then '+' else '' end, {{ number_text(column, language) }})
{%- endmacro %}


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


{% macro filled(template, values) -%}
    {%- set sentence = namespace(sql=template) -%}
    {%- for name, value in values.items() -%}
        {%- set sentence.sql = "replace(" ~ sentence.sql ~ ", '" ~ name ~ "', " ~ value ~ ")" -%}
    {%- endfor -%}
    {{ sentence.sql }}
{%- endmacro %}


{% macro reconciliation_text(language) -%}
    {{ filled('texts.text_' ~ language, {
        '{indicator}': "coalesce(indicators.name_" ~ language ~ ", indicators.name_ru)",
        '{territory}': "coalesce(territories.name_" ~ language ~ ", territories.name_ru)",
        '{period}': month_text('found.period_month'),
        '{found}': number_text('found.found_value', language),
        '{expected}': number_text('found.expected_value', language),
        '{difference}': signed_text('found.found_value - found.expected_value', language),
    }) }}
{%- endmacro %}


{#- How a figure changed against the year before, by the rule of the contract. -#}
{% macro growth_text(language) -%}
    {%- set change = 'value_comparable - value_prior_year' -%}
    {%- set ratio = tenths('value_comparable / nullif(value_prior_year, 0)') -%}
    {%- set whole = 'cast(' ~ ratio ~ ' as bigint)' -%}
    {%- set percent = '100.0 * (' ~ change ~ ') / nullif(value_prior_year, 0)' -%}
    case
        when value_comparable is null or value_prior_year is null
            then
                case
                    when coalesce(comparable_units, 0) = 0 and is_left_out_redrawn
                        then borders_changed_{{ language }}
                    when coalesce(comparable_units, 0) = 0 and is_left_out_known_prior
                        then not_comparable_{{ language }}
                end
        when value_comparable = value_prior_year then unchanged_{{ language }}
        when unit = 'percent'
            then {{ filled('points_' ~ language, {
                '{points}': signed_text(change, language)
            }) }}
        when value_prior_year = 0 then no_base_{{ language }}
        when
            value_prior_year < 0
            or (unit in ('count', 'persons') and value_prior_year < minimal_base)
            then {{ filled('difference_' ~ language, {
                '{difference:+d}': signed_text(change, language)
            }) }}
        when {{ ratio }} >= times_from
            then
                case
                    when
                        {{ ratio }} = {{ whole }}
                        and (
                            mod({{ whole }}, 10) not in (2, 3, 4)
                            or mod({{ whole }}, 100) in (12, 13, 14)
                        )
                        then {{ filled('times_many_' ~ language, {
                            '{times}': number_text(ratio, language)
                        }) }}
                    else {{ filled('times_' ~ language, {
                        '{times}': number_text(ratio, language)
                    }) }}
                end
        else {{ filled('percent_' ~ language, {
            '{percent:+}': signed_text(percent, language)
        }) }}
    end
{%- endmacro %}


{#- The same, with the month from which figures are counted otherwise when that lies between. -#}
{% macro across_break_text(language) -%}
    case
        when break_prior_year is null then growth_{{ language }}
        else {{ filled('across_break_' ~ language, {
            '{change}': 'growth_' ~ language,
            '{from}': month_text('from_month'),
        }) }}
    end
{%- endmacro %}


{% macro month_text(column) -%}
    concat(
        lpad(cast({{ month_of(column) }} as {{ dbt.type_string() }}), 2, '0'), '.',
        cast({{ year_of(column) }} as {{ dbt.type_string() }})
    )
{%- endmacro %}


{#- The name of a territory that no other has: with its oblast where another unit of today has the
    same name, and for a closed unit with its last day where any other has it.
    `Territories.label` says the same in Python. -#}
{% macro territory_label(language) -%}
    {%- set until = {
        'ru': ["по ", ""], 'kk': ["", " дейін"], 'en': ["until ", ""]
    }[language] -%}
    case
        when
            (territories.valid_to is null and namesakes.current_units_{{ language }} = 1)
            or namesakes.units_{{ language }} = 1
            then territories.name_{{ language }}
        when territories.valid_to is null
            then concat(
                territories.name_{{ language }}, ' (', oblasts.oblast_name_{{ language }}, ')'
            )
        else concat(
            territories.name_{{ language }}, ' (', oblasts.oblast_name_{{ language }}, ', ',
            '{{ until[0] }}', {{ day_text('territories.valid_to') }}, '{{ until[1] }}', ')'
        )
    end
{%- endmacro %}


{#- A day as DD.MM.YYYY. -#}
{% macro day_text(column) -%}
    concat(
        substr(cast({{ column }} as {{ dbt.type_string() }}), 9, 2), '.',
        {{ month_text(column) }}
    )
{%- endmacro %}
