//! Every fault point, one after the other.

use depeche_disk::fault::POINTS;

use crate::Field;

#[test]
fn dying_at_any_fault_point_loses_and_repeats_nothing() {
    let mut broken = Vec::new();
    for (seed, point) in (1..).zip(POINTS) {
        let mut field = Field::open(seed);
        let blow = field.campaign.blow_at(point);
        field.campaign.round(&blow).expect("a round");
        field.campaign.drain().expect("drained");
        if let (_, Some((report, folder))) = field.close() {
            broken.push(format!("{blow:?}\n{report}kept in {}\n", folder.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.concat());
}
