with claims as (
    select * from {{ ref('stg_contracts__claims') }}
),

figures as (
    select * from {{ ref('fct_indicator_values') }}
),

claim_figures as (
    select
        claims.*,
        figures.status as figure_status,
        figures.accepted_units,
        figures.expected_units,
        case when claims.quantity <> 'value' then figures.break_prior_year end as series_break,
        case claims.quantity
            when 'value' then figures.value
            when 'change_pct' then figures.change_pct
            when 'change_abs' then figures.change_abs
        end as observed_value
    from claims
    left join figures
        on
            claims.indicator_code = figures.indicator_code
            and claims.territory_kato = figures.territory_kato
            and claims.period_month = figures.period_month
            and claims.basis = figures.basis
),

claim_verdicts as (
    select
        *,
        case
            when not_checkable_reason is not null then 'not_checkable'
            when figure_status is null or observed_value is null or figure_status <> 'final'
                then 'not_covered'
            when
                (low is not null and observed_value < low)
                or (high is not null and observed_value > high)
                then 'contradicted'
            when
                qualifier = 'exact' and abs(observed_value - stated_value) < 0.0005
                then 'confirmed'
            else 'within_qualifier'
        end as verdict
    from claim_figures
),

final as (
    select
        claim_id,
        verdict,
        case
            when not_checkable_reason is not null then not_checkable_reason
            when verdict <> 'not_covered' then null
            when figure_status is null then 'no_such_figure'
            when figure_status <> 'final' then figure_status
            else 'no_comparable_year'
        end as verdict_reason,
        indicator_code,
        territory_kato,
        territory_name,
        period_start,
        period_end,
        period_month,
        basis,
        quantity,
        qualifier,
        stated_value,
        unit,
        low,
        high,
        case when verdict <> 'not_covered' then observed_value end as observed_value,
        case
            when verdict = 'contradicted' and low is not null and observed_value < low
                then observed_value - low
            when verdict = 'contradicted' then observed_value - high
        end as deviation,
        series_break,
        accepted_units,
        expected_units,
        source_document,
        published_on,
        speaker,
        quote_text,
        case
            when not_checkable_reason is null
                then {{ dbt.concat([
                    "'select '",
                    "case quantity when 'value' then 'value' else quantity end",
                    "', status from marts.fct_indicator_values where indicator_code = '''",
                    "indicator_code",
                    "''' and territory_kato = '''",
                    "territory_kato",
                    "''' and period_month = date '''",
                    "cast(period_month as " ~ dbt.type_string() ~ ")",
                    "''' and basis = '''",
                    "basis",
                    "''''"
                ]) }}
        end as query_text
    from claim_verdicts
)

select * from final
