//! The model and the loss of a recipe.

use chainrule_graph::{Params, Properties};
use chainrule_nn::config::Setting;
use chainrule_nn::{Layer, Linear, Model, Sequential, activation, init, layer, loss};
use chainrule_tensor::{Real, Shape};
use chainrule_train::matches;

use crate::check::{named, on_pattern};
use crate::recipe::FITTING;
use crate::{Recipe, RecipeError};

impl Recipe {
    /// The model, with so many outputs where the recipe leaves their number open.
    ///
    /// # Errors
    /// A text that names nothing.
    pub fn model<T: Real>(&self, outputs: usize) -> Result<Box<dyn Layer<T>>, RecipeError> {
        match &self.layers {
            Some(text) => named("layers", layer::by_name(text)),
            None => self.short_form(outputs).map(|model| Box::new(model) as _),
        }
    }

    fn short_form<T: Real>(&self, outputs: usize) -> Result<Sequential<T>, RecipeError> {
        let mut model = Sequential::default();
        for &width in &self.hidden {
            let found = named("activation", activation::by_name::<T>(&self.activation))?;
            // A width beyond what can be counted is one that no memory holds.
            let linear = Linear::to(width.saturating_mul(found.divisor()));
            model = model.layer(self.drawn(fitting(linear, &found.properties()))?);
            model = if self.normalise { model.layer_norm() } else { model };
            model = model.layer(found);
            model = match self.dropout {
                Some(share) => model.dropout(share),
                None => model,
            };
        }
        let output = Linear::to(outputs).weight_init(init::Glorot::uniform()).bias_init(0.0);
        model = model.layer(self.drawn(output)?);
        match &self.output_activation {
            Some(text) => {
                Ok(model.layer(named("output_activation", activation::by_name::<T>(text))?))
            }
            None => Ok(model),
        }
    }

    fn drawn(&self, linear: Linear) -> Result<Linear, RecipeError> {
        match self.init.as_str() {
            FITTING => Ok(linear),
            text => Ok(linear.weight_init(named("init", init::by_name(text))?)),
        }
    }

    /// The first values of the model's parameters, for samples of this shape.
    ///
    /// # Errors
    /// A model that does not take such samples, a rule that cannot fill a parameter, or one of
    /// `initialisers` that chooses none.
    pub fn first_values<T: Real>(
        &self,
        model: &dyn Layer<T>,
        sample: Shape,
    ) -> Result<Params<T>, RecipeError> {
        let mut params = model.init(sample, self.seed)?;
        let names: Vec<String> = params.iter().map(|(name, _)| name.to_owned()).collect();
        for text in &self.initialisers {
            let (pattern, rule) = on_pattern("initialisers", text, "*.weight: orthogonal")?;
            let rule = named("initialisers", init::by_name(rule))?;
            let mut chosen = names.iter().filter(|name| matches(pattern, name)).peekable();
            if chosen.peek().is_none() {
                let known = chainrule_nn::config::listing(names.iter().map(String::as_str));
                let why = format!("no parameter has a name like `{pattern}`; there are: {known}");
                return Err(RecipeError::of("initialisers", why));
            }
            for name in chosen {
                params.draw(name, &rule, self.seed)?;
            }
        }
        Ok(params)
    }

    /// The loss, with weights that make classes of so many samples count the same where the recipe
    /// asks for them.
    ///
    /// # Errors
    /// A text that names no loss.
    pub fn loss<T: Real>(
        &self,
        class_counts: Option<&[usize]>,
    ) -> Result<Box<dyn loss::Listed<T>>, RecipeError> {
        let mut loss = named("loss", loss::by_name::<T>(&self.loss))?;
        if let Some(counts) = class_counts.filter(|_| self.class_weights) {
            let present = counts.iter().filter(|count| **count > 0).count();
            let share = counts.iter().sum::<usize>() as f64 / present.max(1) as f64;
            let weight = |&count: &usize| if count > 0 { share / count as f64 } else { 1.0 };
            let fair: Vec<f64> = counts.iter().map(weight).collect();
            for (name, setting) in loss.settings() {
                if let ("weights", Setting::Numbers(weights)) = (name, setting) {
                    weights.clone_from(&fair);
                }
            }
        }
        Ok(loss)
    }
}

/// The layer with first values that fit the activation behind it.
///
/// Weights start by He's rule, which keeps the size of values, where the activation lets large ones
/// pass, or by Glorot's, which minds the gradients too, where it is bounded. Biases start at 0.
fn fitting(linear: Linear, activation: &Properties) -> Linear {
    if activation.range.1.is_infinite() {
        linear.weight_init(init::He::normal().gain(activation.gain)).bias_init(0.0)
    } else {
        linear.weight_init(init::Glorot::uniform().gain(activation.gain)).bias_init(0.0)
    }
}
