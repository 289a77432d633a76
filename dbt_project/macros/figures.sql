{#- Figures are exact decimals until the mart: the sum must not depend on the order of rows. -#}
{% macro exact(column) -%}
    cast({{ column }} as decimal(18, 4))
{%- endmacro %}


{#- A total of parts is known only when every part is known: a blank is not a zero. -#}
{% macro sum_if_complete(column) -%}
    case when count({{ column }}) = count(*) then sum({{ column }}) end
{%- endmacro %}


{% macro share(part, whole) -%}
    case when {{ whole }} > 0 then cast({{ part }} as double) / cast({{ whole }} as double) end
{%- endmacro %}


{#- By people; by units where a population is unknown. All units together are all people. -#}
{% macro population_share(accepted, expected, population_known, population_expected) -%}
    case
        when {{ accepted }} >= {{ expected }} and {{ expected }} > 0 then 1.0
        else
            least(
                coalesce(
                    {{ share(population_known, population_expected) }},
                    {{ share(accepted, expected) }}
                ),
                1.0
            )
    end
{%- endmacro %}


{#-
  The one place where the state of a figure is decided. Reads the shares and thresholds of the
  row; a share of nothing expected is null and makes a total partial. A total without a value that
  is lost to borders is judged by its coverage first, as its year to date is.
-#}
{% macro figure_status(value, is_lost_to_borders='false') -%}
    case
        when
            {{ value }} is null
            and (is_own_submission or not coalesce({{ is_lost_to_borders }}, false))
            then 'missing'
        when is_own_submission then 'final'
        when
            coverage_share < shown_from_units
            or population_coverage_share < shown_from_population
            then 'withheld'
        when {{ value }} is null then 'missing'
        when
            coverage_share >= final_from_units
            and population_coverage_share >= final_from_population
            then 'final'
        else 'partial'
    end
{%- endmacro %}


{#-
  The state of several figures told in one row: final where all are, partial where any is known,
  otherwise withheld where any is.
-#}
{% macro status_of_measures(status) -%}
    case
        when count(case when {{ status }} = 'final' then 1 end) = count(*) then 'final'
        when count(case when {{ status }} in ('final', 'partial') then 1 end) > 0 then 'partial'
        when count(case when {{ status }} = 'withheld' then 1 end) > 0 then 'withheld'
        else 'missing'
    end
{%- endmacro %}


{#- Measures of the offence facts as the form accumulates them from 1 January. -#}
{% macro offence_measures() %}
    {{ return(offence_flows() + ['in_production']) }}
{% endmacro %}


{#- Those of them whose months are differences: cases in production include those carried over. -#}
{% macro offence_flows() %}
    {{ return([
        'registered', 'ended', 'sent_to_court', 'interrupted', 'unsolved',
        'against_women', 'against_minors', 'public_place', 'street', 'domestic',
        'committed_in_past_years', 'expired', 'transferred'
    ]) }}
{% endmacro %}


{#- A rate is formed from sums, never summed; without a scale the figure is the sum itself. -#}
{% macro indicator_value(numerator, denominator, scale) -%}
    case
        when {{ scale }} is null then cast({{ numerator }} as double)
        when {{ denominator }} > 0
            then {{ scale }} * cast({{ numerator }} as double) / cast({{ denominator }} as double)
    end
{%- endmacro %}


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


{#-
  Which way a change against the year before is told, by the rule of the contract; the words are in
  contracts/texts/growth.yml. Without both figures only borders or other units may be told.
-#}
{% macro growth_code() -%}
    case
        when
            (value_comparable is null or value_prior_year is null)
            and coalesce(comparable_units, 0) = 0
            and is_left_out_redrawn
            then 'borders_changed'
        when
            (value_comparable is null or value_prior_year is null)
            and coalesce(comparable_units, 0) = 0
            and is_left_out_known_prior
            then 'not_comparable'
        when value_comparable is null or value_prior_year is null then null
        when value_comparable = value_prior_year then 'unchanged'
        when unit = 'percent' then 'points'
        when value_prior_year = 0 then 'no_base'
        when
            value_prior_year < 0
            or (unit in ('count', 'persons') and value_prior_year < minimal_base)
            then 'difference'
        when {{ tenths('value_comparable / value_prior_year') }} >= times_from then 'times'
        else 'percent'
    end
{%- endmacro %}
