-- Units summed to every territory they count towards. Where borders moved inside a territory, its
-- month is the difference of its years to date; without that it has none, and the units whose
-- month is lost still count as having reported.
with comparable as (
    select * from {{ ref('int_indicator_comparable') }}
),

warnings as (
    select * from {{ ref('int_indicator_warnings') }}
),

redrawn as (
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

summed as (
    select
        comparable.indicator_code,
        comparable.territory_kato,
        comparable.period_month,
        comparable.basis,
        sum(comparable.numerator) as numerator,
        sum(comparable.denominator) as denominator,
        count(
            case when comparable.numerator is not null or comparable.is_lost_to_borders then 1 end
        ) as units_known,
        sum(
            case
                when comparable.numerator is not null or comparable.is_lost_to_borders
                    then comparable.population
            end
        ) as population_known,
        count(
            case
                when comparable.numerator is not null or comparable.is_lost_to_borders
                    then comparable.population
            end
        ) as units_known_with_population,
        sum(case when comparable.is_comparable then comparable.numerator end)
            as comparable_numerator,
        sum(case when comparable.is_comparable then comparable.denominator end)
            as comparable_denominator,
        sum(case when comparable.is_comparable then comparable.prior_numerator end)
            as prior_numerator,
        sum(case when comparable.is_comparable then comparable.prior_denominator end)
            as prior_denominator,
        sum(case when comparable.is_comparable then 1 else 0 end) as comparable_units,
        {{ sum_if_complete('comparable.value_printed') }} as value_printed,
        case
            when min(comparable.span_start) = max(comparable.span_start)
                then {{ sum_if_complete('comparable.span_value') }}
        end as span_value,
        case
            when min(comparable.span_start) = max(comparable.span_start)
                then min(comparable.span_start)
        end as span_start,
        case
            when min(comparable.span_start) = max(comparable.span_start)
                then max(comparable.span_months)
        end as span_months,
        max(case when comparable.depth = 0 then comparable.submission_id end) as submission_id,
        max(case when warnings.submission_id is not null then 1 else 0 end) = 1 as has_warning,
        max(case when comparable.verdict = 'accepted_with_warnings' then 1 else 0 end) = 1
            as has_submission_warning,
        max(case when comparable.is_lost_to_borders then 1 else 0 end) = 1 as is_lost_to_borders,
        max(comparable.received_at) as received_at_max
    from comparable
    left join warnings
        on
            comparable.indicator_code = warnings.indicator_code
            and comparable.submission_id = warnings.submission_id
            and comparable.unit_kato = warnings.territory_kato
    group by
        comparable.indicator_code,
        comparable.territory_kato,
        comparable.period_month,
        comparable.basis
),

-- What the redrawn units gained together since the month before; below zero, counts were lost.
gains as (
    select
        comparable.indicator_code,
        redrawn_units.territory_kato,
        redrawn_units.period_month,
        sum(
            case
                when comparable.period_month = redrawn_units.period_month then comparable.numerator
                else -comparable.numerator
            end
        ) as numerator,
        sum(
            case
                when comparable.period_month = redrawn_units.period_month
                    then comparable.denominator
                else -comparable.denominator
            end
        ) as denominator
    from redrawn_units
    inner join indicators on redrawn_units.form_code = indicators.form_code
    inner join comparable
        on
            indicators.indicator_code = comparable.indicator_code
            and redrawn_units.territory_kato = comparable.territory_kato
            and redrawn_units.unit_kato = comparable.unit_kato
            and (
                redrawn_units.period_month = comparable.period_month
                or redrawn_units.previous_month = comparable.period_month
            )
    where comparable.basis = 'ytd'
    group by
        comparable.indicator_code,
        redrawn_units.territory_kato,
        redrawn_units.period_month
),

differenced as (
    select
        indicators.indicator_code,
        redrawn.territory_kato,
        redrawn.period_month,
        now.numerator - case when numerators.is_flow then earlier.numerator else 0 end
            as numerator,
        now.denominator - case when denominators.is_flow then earlier.denominator else 0 end
            as denominator,
        not indicators.is_derived as has_span,
        now.units_known,
        now.population_known,
        now.units_known_with_population
    from redrawn
    inner join indicators on redrawn.form_code = indicators.form_code
    inner join roles as numerators
        on
            indicators.indicator_code = numerators.indicator_code
            and numerators.role = 'numerator'
    left join roles as denominators
        on
            indicators.indicator_code = denominators.indicator_code
            and denominators.role = 'denominator'
    inner join summed as now
        on
            indicators.indicator_code = now.indicator_code
            and redrawn.territory_kato = now.territory_kato
            and redrawn.period_month = now.period_month
            and redrawn.reporting_units = now.units_known
    inner join summed as earlier
        on
            indicators.indicator_code = earlier.indicator_code
            and redrawn.territory_kato = earlier.territory_kato
            and redrawn.previous_month = earlier.period_month
            and redrawn.previous_reporting_units = earlier.units_known
    left join gains
        on
            indicators.indicator_code = gains.indicator_code
            and redrawn.territory_kato = gains.territory_kato
            and redrawn.period_month = gains.period_month
    where
        now.basis = 'ytd'
        and earlier.basis = 'ytd'
        and (denominators.is_flow is not null or now.denominator is null)
        and (not numerators.is_flow or coalesce(gains.numerator, 0) >= 0)
        and (not coalesce(denominators.is_flow, false) or coalesce(gains.denominator, 0) >= 0)
),

final as (
    select
        summed.indicator_code,
        summed.territory_kato,
        summed.period_month,
        summed.basis,
        case
            when differenced.indicator_code is not null then differenced.numerator
            when not summed.is_lost_to_borders then summed.numerator
        end as numerator,
        coalesce(differenced.denominator, summed.denominator) as denominator,
        coalesce(differenced.units_known, summed.units_known) as units_known,
        coalesce(differenced.population_known, summed.population_known) as population_known,
        coalesce(
            differenced.units_known_with_population, summed.units_known_with_population
        ) as units_known_with_population,
        summed.comparable_numerator,
        summed.comparable_denominator,
        summed.prior_numerator,
        summed.prior_denominator,
        summed.comparable_units,
        summed.value_printed,
        case
            when differenced.has_span then differenced.numerator
            else summed.span_value
        end as span_value,
        case
            when differenced.has_span then differenced.period_month
            else summed.span_start
        end as span_start,
        case when differenced.has_span then 1 else summed.span_months end as span_months,
        summed.submission_id,
        summed.has_warning,
        summed.has_submission_warning,
        summed.is_lost_to_borders and differenced.indicator_code is null as is_lost_to_borders,
        summed.received_at_max
    from summed
    left join differenced
        on
            summed.indicator_code = differenced.indicator_code
            and summed.territory_kato = differenced.territory_kato
            and summed.period_month = differenced.period_month
            and summed.basis = 'month'
            and differenced.numerator >= coalesce(summed.numerator, 0)
)

select * from final
