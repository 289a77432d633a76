-- Units summed to every territory they count towards. Where borders moved inside a territory, its
-- month is the difference of its years to date; without that it has none, and the units whose
-- month is lost still count as having reported.
with territory_units as (
    select * from {{ ref('int_indicator_comparable') }}
),

warnings as (
    select * from {{ ref('int_indicator_warnings') }}
),

redrawn_months as (
    select * from {{ ref('int_redrawn_months') }}
),

redrawn_units as (
    select * from {{ ref('int_redrawn_units') }}
),

indicators as (
    select * from {{ ref('stg_contracts__indicators') }}
),

roles as (
    select * from {{ ref('int_indicator_roles') }}
),

territory_sums as (
    select
        territory_units.indicator_code,
        territory_units.form_code,
        territory_units.territory_kato,
        territory_units.period_month,
        territory_units.basis,
        sum(case when territory_units.is_counted then territory_units.numerator end) as numerator,
        sum(case when territory_units.is_counted then territory_units.denominator end)
            as denominator,
        count(*) as units_told,
        {{ known_units('territory_units') }},
        {% for figure in ['numerator', 'denominator'] %}
            sum(case when territory_units.is_comparable then territory_units.{{ figure }} end)
                as comparable_{{ figure }},
            sum(case when territory_units.is_comparable then territory_units.prior_{{ figure }} end)
                as prior_{{ figure }},
        {% endfor %}
        sum(case when territory_units.is_comparable then 1 else 0 end) as comparable_units,
        {{ sum_if_complete('territory_units.value_printed') }} as value_printed,
        {{ of_one_span('territory_units', sum_if_complete('territory_units.span_value')) }}
            as span_value,
        {{ of_one_span('territory_units', 'min(territory_units.span_start)') }} as span_start,
        {{ of_one_span('territory_units', 'max(territory_units.span_months)') }} as span_months,
        max(case when territory_units.depth = 0 then territory_units.submission_id end)
            as submission_id,
        max(case when warnings.submission_id is not null then 1 else 0 end) = 1 as has_warning,
        max(case when territory_units.verdict = 'accepted_with_warnings' then 1 else 0 end) = 1
            as has_submission_warning,
        max(
            case
                when territory_units.is_counted and territory_units.is_lost_to_borders then 1
                else 0
            end
        ) = 1 as is_lost_to_borders,
        max(territory_units.received_at) as received_at_max
    from territory_units
    left join warnings
        on
            territory_units.indicator_code = warnings.indicator_code
            and territory_units.submission_id = warnings.submission_id
            and territory_units.unit_kato = warnings.territory_kato
    group by
        territory_units.indicator_code,
        territory_units.form_code,
        territory_units.territory_kato,
        territory_units.period_month,
        territory_units.basis
),

{{ redrawn_ctes(
    'indicator_code', ['numerator', 'denominator'], 'territory_units', 'territory_sums'
) }},

month_differences as (
    select
        redrawn_totals.*,
        redrawn_totals.numerator
        - case when numerators.is_flow then redrawn_totals.earlier_numerator else 0 end
            as month_numerator,
        redrawn_totals.denominator
        - case when denominators.is_flow then redrawn_totals.earlier_denominator else 0 end
            as month_denominator,
        not indicators.is_derived as has_span
    from redrawn_totals
    inner join indicators on redrawn_totals.indicator_code = indicators.indicator_code
    inner join roles as numerators
        on
            redrawn_totals.indicator_code = numerators.indicator_code
            and numerators.role = 'numerator'
    left join roles as denominators
        on
            redrawn_totals.indicator_code = denominators.indicator_code
            and denominators.role = 'denominator'
    where
        (denominators.is_flow is not null or redrawn_totals.denominator is null)
        and (not numerators.is_flow or redrawn_totals.gained_numerator >= 0)
        and (
            not coalesce(denominators.is_flow, false)
            or redrawn_totals.gained_denominator >= 0
        )
),

final as (
    select
        territory_sums.indicator_code,
        territory_sums.territory_kato,
        territory_sums.period_month,
        territory_sums.basis,
        case
            when month_differences.indicator_code is not null
                then month_differences.month_numerator
            when not territory_sums.is_lost_to_borders then territory_sums.numerator
        end as numerator,
        coalesce(month_differences.month_denominator, territory_sums.denominator) as denominator,
        {% for people in [
            'units_known', 'accepted_units', 'population_known', 'units_known_with_population'
        ] %}
            coalesce(month_differences.{{ people }}, territory_sums.{{ people }}) as {{ people }},
        {% endfor %}
        territory_sums.units_told,
        territory_sums.comparable_numerator,
        territory_sums.comparable_denominator,
        territory_sums.prior_numerator,
        territory_sums.prior_denominator,
        territory_sums.comparable_units,
        territory_sums.value_printed,
        case
            when month_differences.has_span then month_differences.month_numerator
            else territory_sums.span_value
        end as span_value,
        case
            when month_differences.has_span then territory_sums.period_month
            else territory_sums.span_start
        end as span_start,
        case when month_differences.has_span then 1 else territory_sums.span_months end
            as span_months,
        territory_sums.submission_id,
        territory_sums.has_warning,
        territory_sums.has_submission_warning,
        territory_sums.is_lost_to_borders and month_differences.indicator_code is null
            as is_lost_to_borders,
        territory_sums.received_at_max
    from territory_sums
    left join month_differences
        on
            territory_sums.indicator_code = month_differences.indicator_code
            and territory_sums.territory_kato = month_differences.territory_kato
            and territory_sums.period_month = month_differences.period_month
            and territory_sums.basis = 'month'
            and month_differences.month_numerator >= coalesce(territory_sums.numerator, 0)
)

select * from final
