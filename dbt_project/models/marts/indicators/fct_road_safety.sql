{% set measures = {
    'accidents': 'TRF_DTP',
    'killed': 'TRF_DEATHS',
    'injured': 'TRF_INJURED',
    'accidents_with_children': 'TRF_DTP_CHILD',
    'child_victims': 'TRF_VICTIMS_CHILD',
    'accidents_drunk': 'TRF_DTP_DRUNK',
    'violations': 'TRF_VIOL',
    'violations_gross': 'TRF_VIOL_GROSS',
    'violations_by_device': 'TRF_VIOL_AUTO',
    'road_inspections': 'TRF_ROAD_INSPECT',
    'road_defects': 'TRF_ROAD_DEFECTS',
} %}

with figures as (
    select * from {{ ref('fct_indicator_values') }}
),

final as (
    select
        territory_kato,
        period_month,
        basis,
        {% for measure, indicator in measures.items() %}
            max(case when indicator_code = '{{ indicator }}' then value end) as {{ measure }},
        {% endfor %}
        {{ status_of_measures('status') }} as status,
        case
            when
                count(distinct status) = 1
                and count(distinct status_reason) = 1
                and count(status_reason) = count(*)
                then min(status_reason)
        end as status_reason,
        cast(count(value) as integer) as known_measures,
        max(expected_units) as expected_units,
        min(accepted_units) as accepted_units,
        min(coverage_share) as coverage_share,
        min(population_coverage_share) as population_coverage_share,
        max(case when has_warning then 1 else 0 end) = 1 as has_warning
    from figures
    where
        indicator_code in (
            {% for code in measures.values() %}
                '{{ code }}'{{ "," if not loop.last }}
            {% endfor %}
        )
    group by territory_kato, period_month, basis
)

select * from final
