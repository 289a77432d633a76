{#-
  Forms count from 1 January. A month is the difference of two such figures of one unit, in one year
  and within the same borders; January stands alone. The rows have `period_month`, `borders_from`.
-#}
{% macro within_year(subject, unit) -%}
    partition by {{ subject }}, {{ unit }}, {{ year_of('period_month') }}, borders_from
    order by period_month
{%- endmacro %}


{#- First month that the increase since the figure before it belongs to. -#}
{% macro span_start(previous_month) -%}
    coalesce({{ add_months(previous_month, 1) }}, {{ first_of_year('period_month') }})
{%- endmacro %}


{#- The month, unknown where the increase belongs to several; reads `span_start` of the row. -#}
{% macro month_from_year_to_date(measure) -%}
    case
        when span_start != period_month then null
        when {{ month_of('period_month') }} = 1 then {{ measure }}
        else {{ measure }} - previous_{{ measure }}
    end
{%- endmacro %}


{#- What units have in common, if they do. -#}
{% macro of_one_span(units, expression) -%}
    case when min({{ units }}.span_start) = max({{ units }}.span_start) then {{ expression }} end
{%- endmacro %}


{#- Units that are in the figure, or reported but lost to borders that moved, and their people. -#}
{% macro known_units(units) -%}
    {%- set people = 'case when ' ~ units ~ '.is_counted then ' ~ units ~ '.population end' -%}
    count(case when {{ units }}.is_counted then 1 end) as units_known,
    coalesce(sum(case when {{ units }}.is_counted then {{ units }}.expected_units end), 0)
        as accepted_units,
    sum({{ people }}) as population_known,
    count({{ people }}) as units_known_with_population
{%- endmacro %}


{#-
  Two CTEs for the months of territories inside which borders moved: `redrawn_gains`, what the
  redrawn units gained together since the month before (below zero, counts were lost), and
  `redrawn_totals`, each `measure` since 1 January with `earlier_measure` of the month before and
  `gained_measure`. Reads the CTEs `redrawn_months` and `redrawn_units`, figures of units (`units`)
  and their sums (`totals`) by `subject`, form, territory, month and basis.
-#}
{% macro redrawn_ctes(subject, measures, units, totals) -%}
    redrawn_gains as (
        select
            {{ units }}.{{ subject }},
            redrawn_units.form_code,
            redrawn_units.territory_kato,
            {% for measure in measures %}
                sum(
                    case
                        when {{ units }}.period_month = redrawn_units.period_month
                            then {{ units }}.{{ measure }}
                        else -{{ units }}.{{ measure }}
                    end
                ) as {{ measure }},
            {% endfor %}
            redrawn_units.period_month
        from redrawn_units
        inner join {{ units }}
            on
                redrawn_units.form_code = {{ units }}.form_code
                and redrawn_units.territory_kato = {{ units }}.territory_kato
                and redrawn_units.unit_kato = {{ units }}.unit_kato
                and (
                    redrawn_units.period_month = {{ units }}.period_month
                    or redrawn_units.previous_month = {{ units }}.period_month
                )
        where {{ units }}.basis = 'ytd'
        group by
            {{ units }}.{{ subject }},
            redrawn_units.form_code,
            redrawn_units.territory_kato,
            redrawn_units.period_month
    ),

    redrawn_totals as (
        select
            now.{{ subject }},
            now.form_code,
            now.territory_kato,
            now.period_month,
            {% for measure in measures %}
                now.{{ measure }},
                earlier.{{ measure }} as earlier_{{ measure }},
                coalesce(redrawn_gains.{{ measure }}, 0) as gained_{{ measure }},
            {% endfor %}
            now.units_known,
            now.accepted_units,
            now.population_known,
            now.units_known_with_population
        from redrawn_months
        inner join {{ totals }} as now
            on
                redrawn_months.form_code = now.form_code
                and redrawn_months.territory_kato = now.territory_kato
                and redrawn_months.period_month = now.period_month
                and redrawn_months.reporting_units = now.units_known
        inner join {{ totals }} as earlier
            on
                now.{{ subject }} = earlier.{{ subject }}
                and redrawn_months.form_code = earlier.form_code
                and redrawn_months.territory_kato = earlier.territory_kato
                and redrawn_months.previous_month = earlier.period_month
                and redrawn_months.previous_reporting_units = earlier.units_known
        left join redrawn_gains
            on
                now.{{ subject }} = redrawn_gains.{{ subject }}
                and redrawn_months.form_code = redrawn_gains.form_code
                and redrawn_months.territory_kato = redrawn_gains.territory_kato
                and redrawn_months.period_month = redrawn_gains.period_month
        where
            now.basis = 'ytd'
            and earlier.basis = 'ytd'
    )
{%- endmacro %}
