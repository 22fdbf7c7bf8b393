/// Makes an element-wise function an activation layer, which reports settings that make no sense.
macro_rules! pointwise_activation {
    ($type:ty) => {
        impl<T: chainrule_tensor::Real> $crate::Layer<T> for $type {
            fn kind(&self) -> &str {
                chainrule_graph::Pointwise::<T>::name(self)
            }

            fn forward<'g>(&self, x: chainrule_graph::Var<'g, T>) -> chainrule_graph::Var<'g, T> {
                if let Err(mistake) = $crate::Configure::check(self) {
                    x.graph().fail(mistake);
                }
                x.map(*self)
            }
        }

        impl<T: chainrule_tensor::Real> $crate::Activation<T> for $type {
            fn properties(&self) -> chainrule_graph::Properties {
                chainrule_graph::Pointwise::<T>::properties(self)
            }

            fn pointwise(&self) -> Option<std::sync::Arc<dyn chainrule_graph::Pointwise<T>>> {
                Some(std::sync::Arc::new(*self))
            }
        }
    };
}
